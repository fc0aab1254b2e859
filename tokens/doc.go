// Package tokens is the flow of the tokens of cards: which there are, what they are like,
// and their change at the scheme, which is the source of truth. What is stored is its last
// word, with the time of it.
//
// A change goes in three steps, and whatever is interrupted between them is found again:
//
//  1. The intent becomes durable, on the token's row, in one commit with its audit record.
//  2. The scheme is asked, once.
//  3. The outcome becomes durable, in one commit with its audit record.
//
// A change whose outcome nobody knows stays open, and a job asks the scheme what became of
// it. It is never sent again blindly. While a change of a token is open no other begins;
// whoever asks for the same one waits for its outcome.
package tokens
