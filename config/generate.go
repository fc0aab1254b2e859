package config

//go:generate go test -run ^TestConfigurationReference$ . -update
