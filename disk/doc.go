// Package disk is how walletport touches files that two users share: the service,
// which has a user of its own, and an operator at a console, who is often root.
//
// What replaces a file keeps that file's owner, group, mode and access list. What
// is new belongs to whom its folder belongs to. Where that is not possible, nothing
// is changed: a key store that its service may no longer read stops every card.
//
// What is read must be a regular file of a bounded size. A named pipe in its place
// would wait for ever, and a device or an endless file would fill the memory.
//
// The package knows nothing of what the files hold.
package disk
