// Package sandbox is walletport to try out: a server with generated keys and sample cards,
// and the other side of every protocol: simulated schemes, which open what the server made
// with code of their own, and the phone wallets that a payload is handed to. It also walks
// through the main job (Demo) and opens a payload from any server (Inspect).
//
// What a test against a sandbox needs stands in DIR/sandbox.json (File). Nothing in it is a
// secret of anybody's.
//
// The package is made around a server and is no part of one: a program that is built with
// the tag nosandbox has neither it nor the simulators.
package sandbox
