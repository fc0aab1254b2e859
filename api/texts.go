package api

import (
	"github.com/walletport/walletport"
	"github.com/walletport/walletport/api/oas"
)

// This file alone looks into personal texts, and into no card number.

// privateList leaves a list that is absent nil, which an empty one is not.
func privateList(texts []string) []walletport.Private {
	if texts == nil {
		return nil
	}
	list := make([]walletport.Private, len(texts))
	for i, text := range texts {
		list[i] = walletport.NewPrivate(text)
	}
	return list
}

// shown is a text that the caller may see.
func shown(p walletport.Private) oas.OptString { return known(string(p.Reveal())) }

func shownList(list []walletport.Private) []string {
	var texts []string
	for _, p := range list {
		texts = append(texts, string(p.Reveal()))
	}
	return texts
}

// known is a text that is absent where it is empty.
func known(text string) oas.OptString { return oas.OptString{Value: text, Set: text != ""} }
