// Package libcrypto is the engine for RSA keys that works by the libcrypto of OpenSSL (3.0 or
// later) that the system has, loaded while the program runs. On server processors it signs
// several times faster than Go's standard library.
//
// A private key is handed over once, number by number, and lives in OpenSSL's memory from then on:
// OpenSSL's own readers of DER would leave copies of it in memory that they free. When nobody
// holds its handle any more, neither a Ring nor a call, the garbage collector frees it, and
// OpenSSL overwrites it as it does. So a key is never freed while it works, and at the latest
// some minutes after it was replaced: Go collects at least every two minutes, unless GOGC=off.
//
// Each operation works in a copy of a context that was prepared when the key was loaded. What
// was signed is verified before it is given out: a fault in the processor or in memory while
// it signs by the Chinese remainder theorem would else show the private key to whoever gets the
// signature (Boneh, DeMillo, Lipton 1997).
//
// It calls the EVP functions alone, so the provider that OpenSSL's configuration names does
// the work: that of FIPS where it is active. Nothing here is a primitive of our own.
//
// A program that loads a library is linked dynamically. Built with the tag static, or for a
// system other than Linux and macOS on amd64 and arm64, Open says that it cannot.
package libcrypto
