// Package config is the tree of walletport's settings: defaults, then a YAML file, then
// the environment. Load reads and checks the whole and returns what is in force; Print
// shows it. docs/configuration.md is generated from the comments of the settings.
//
// A setting is a field of the room that reads it, with the tag setting:"NAME"; this
// package nests the rooms' own and has those of places: listeners, database, key store.
// It reads the file and nothing that the file names: a secret stays a reference
// (SecretRef) until somebody resolves it. It opens, builds and starts nothing.
package config
