// Package server is walletport as it runs: it builds every room from the configuration,
// hands each what it needs of the others, opens the listeners and does what has to go on
// beside requests. Whoever starts one, opens it (Open), has it take its addresses
// (Listen), lets it answer until a context ends (Run), and closes it (Close).
//
// One file owns each thing that there is once: the clock comes with the Options,
// sockets are opened and closed in listen.go, work beside requests runs in background.go.
//
// It knows no simulator and no sandbox: a sandbox is made around a server. The key store,
// the database and the vault are opened here for the operator's commands too, so that
// both refuse the same.
package server
