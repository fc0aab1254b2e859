package api

//go:generate go tool -modfile=../tools/go.mod ogen --target oas --package oas --clean --config ogen.yml openapi.yaml
