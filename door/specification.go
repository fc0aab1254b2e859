package door

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// specificationJSON returns a specification as JSON, in its own order, with the servers
// given, if any are.
func specificationJSON(specification []byte, servers []string) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(specification, &document); err != nil {
		return nil, fmt.Errorf("read specification: %w", err)
	}
	if len(servers) > 0 {
		setServers(document.Content[0], servers)
	}
	var out bytes.Buffer
	if err := writeNode(&out, document.Content[0]); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func setServers(root *yaml.Node, servers []string) {
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for _, url := range servers {
		list.Content = append(list.Content, &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
			{Kind: yaml.ScalarNode, Tag: "!!str", Value: "url"}, {Kind: yaml.ScalarNode, Tag: "!!str", Value: url},
		}})
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == "servers" {
			root.Content[i+1] = list
		}
	}
}

// writeNode writes YAML as JSON and keeps the order of members, which the page
// shows; encoding/json would sort them.
func writeNode(out *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind {
	case yaml.MappingNode:
		return writeMembers(out, n)
	case yaml.SequenceNode:
		out.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := writeNode(out, item); err != nil {
				return err
			}
		}
		out.WriteByte(']')
		return nil
	case yaml.ScalarNode, yaml.DocumentNode, yaml.AliasNode:
	}
	var value any
	if err := n.Decode(&value); err != nil {
		return fmt.Errorf("read specification: %w", err)
	}
	return writeValue(out, value)
}

func writeMembers(out *bytes.Buffer, n *yaml.Node) error {
	out.WriteByte('{')
	for i := 0; i+1 < len(n.Content); i += 2 {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := writeValue(out, n.Content[i].Value); err != nil {
			return err
		}
		out.WriteByte(':')
		if err := writeNode(out, n.Content[i+1]); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	return nil
}

func writeValue(out *bytes.Buffer, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write specification: %w", err)
	}
	out.Write(text)
	return nil
}
