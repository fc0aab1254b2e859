package main

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestHelpOfEveryCommandHasExamples(t *testing.T) {
	parser, err := kong.New(&cli{}, kong.Name("walletport"))
	must(t, err)
	var commands [][]string
	var walk func(n *kong.Node, path []string)
	walk = func(n *kong.Node, path []string) {
		for _, child := range n.Children {
			below := append(path[:len(path):len(path)], child.Name)
			commands = append(commands, below)
			walk(child, below)
		}
	}
	walk(parser.Model.Node, nil)
	if len(commands) < 25 {
		t.Fatalf("only %d commands were found", len(commands))
	}
	for _, command := range commands {
		name := strings.Join(command, " ")
		t.Run(name, func(t *testing.T) {
			code, out, errs := runs(t, append(command, "--help")...)
			if code != exitOK || errs != "" {
				t.Errorf("exit status %d, standard error %q", code, errs)
			}
			if !strings.HasPrefix(out, "Usage: walletport "+name) {
				t.Errorf("the usage is not of the command: %.80s", out)
			}
			_, examples, _ := strings.Cut(out, "\nExamples:\n")
			if !strings.Contains(examples, "walletport "+command[0]) {
				t.Errorf("there is no example in\n%s", out)
			}
		})
	}
}
