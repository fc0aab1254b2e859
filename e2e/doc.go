// Package e2e proves walletport from outside: its tests build the program, start
// it as an operator would, and talk to it over HTTP, signals and files only. They
// share no code with what they test. There is nothing else in here.
package e2e
