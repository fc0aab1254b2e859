package vault

// The parsers, for fuzzing and for comparison with other readers.
var (
	ParsePlain  = parsePlain
	AppendPlain = appendPlain
)
