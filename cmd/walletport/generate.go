package main

//go:generate go test -run ^TestConfigurationReference$ . -update
