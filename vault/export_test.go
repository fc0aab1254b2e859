package vault

// The parsers, for fuzzing and for comparison with other readers.
var (
	SplitCSV    = splitCSV
	ParsePlain  = parsePlain
	AppendPlain = appendPlain
)
