package seal

// LiteralHeader is written by hand, and compared with the library's.
var LiteralHeader = literalHeader
