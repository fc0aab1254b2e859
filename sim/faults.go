package sim

// Faults of any base64 or JSON layer, of hex, and of a plaintext that an encryption
// opened to.
var (
	Base64Invalid    = Kind{Code: "base64_invalid", Remedy: "encode with standard base64 (RFC 4648 section 4), padded, in one line"}
	Base64LineBreaks = Kind{Code: "base64_line_breaks", Remedy: "encode base64 in one line; on Android use Base64.NO_WRAP, with openssl use -A"}
	Base64URLSafe    = Kind{Code: "base64_url_safe", Remedy: "use the standard alphabet with + and /, not the URL-safe one with - and _"}
	Base64Unpadded   = Kind{Code: "base64_unpadded", Remedy: "keep the = padding at the end"}
	Base64Spaces     = Kind{Code: "base64_spaces", Remedy: "a form decoder turned + into spaces: percent-encode + as %2B, or send JSON"}
	Base64Percent    = Kind{Code: "base64_percent_encoded", Remedy: "remove one percent-encoding: the value is plain base64"}
	Base64Twice      = Kind{Code: "base64_twice", Remedy: "apply base64 once: the decoded text is base64 again"}
	Base64Hex        = Kind{Code: "hex_instead_of_base64", Remedy: "encode the bytes as base64, not as hex"}
	Base64Quoted     = Kind{Code: "base64_quoted", Remedy: "take the quotes off: they belong to the JSON or the shell around the value"}
	Base64HTML       = Kind{Code: "base64_html_escaped", Remedy: "do not escape for HTML: + and = arrived as entities"}
	Base64Mark       = Kind{Code: "base64_byte_order_mark", Remedy: "write the text without a byte order mark"}
	Base64Doubled    = Kind{Code: "base64_doubled", Remedy: "send the value once: it stands there twice in a row"}
	Base64Truncated  = Kind{Code: "base64_truncated", Remedy: "the value stops in the middle: look for a length limit between encoder and wallet"}

	JSONInvalid   = Kind{Code: "json_invalid", Remedy: "encode one JSON object (RFC 8259), without byte order mark or trailing text"}
	JSONTruncated = Kind{Code: "json_truncated", Remedy: "the JSON stops in the middle: look for a length limit between encoder and wallet"}
	JSONNotUTF8   = Kind{Code: "json_not_utf8", Remedy: "encode the JSON text as UTF-8"}
	JSONUTF16     = Kind{Code: "json_utf16", Remedy: "encode the JSON text as UTF-8, not as UTF-16"}
	JSONNotObject = Kind{Code: "json_not_object", Remedy: "the value must be one JSON object, not an array, string, number or null"}
	JSONDoubled   = Kind{Code: "json_doubled", Remedy: "send the JSON object once: it stands there twice in a row"}
	JSONDuplicate = Kind{Code: "json_duplicate_member", Remedy: "give every member once"}

	HexPrefix     = Kind{Code: "hex_prefix", Remedy: "write the hex digits alone, without 0x before them"}
	HexLineBreaks = Kind{Code: "hex_line_breaks", Remedy: "write the hex in one line, without white space"}
	HexSeparators = Kind{Code: "hex_separators", Remedy: "write the hex digits alone, without colons, hyphens or commas between the bytes"}
	HexOdd        = Kind{Code: "hex_odd", Remedy: "write two hex digits for each byte: one was lost, a leading zero as a rule"}
	HexBase64     = Kind{Code: "base64_instead_of_hex", Remedy: "write the bytes in hex, not in base64"}
	HexInvalid    = Kind{Code: "not_hex", Remedy: "write the bytes in hex"}

	PlainMark    = Kind{Code: "byte_order_mark", Remedy: "encrypt the JSON without a byte order mark"}
	PlainUTF16   = Kind{Code: "utf16", Remedy: "encrypt the JSON in UTF-8: in .NET Encoding.UTF8, not Encoding.Unicode; in Java StandardCharsets.UTF_8"}
	PlainBase64  = Kind{Code: "base64", Remedy: "encrypt the JSON text itself, not its base64"}
	PlainHex     = Kind{Code: "hex", Remedy: "encrypt the JSON text itself, not its hex"}
	PlainString  = Kind{Code: "json_in_string", Remedy: "encrypt the JSON object itself: it was encoded as a JSON string once more"}
	PaddedTwice  = Kind{Code: "padded_twice", Remedy: "pad once: the library pads already"}
	PaddedPKCS7  = Kind{Code: "padded", Remedy: "do not pad: this encryption takes a plaintext of any length"}
	PaddedZero   = Kind{Code: "padded_zero", Remedy: "pad with PKCS#7 where padding is due, and never with zero bytes"}
	PaddedSpaces = Kind{Code: "padded_spaces", Remedy: "pad with PKCS#7, not with spaces"}
	PaddedISO    = Kind{Code: "padded_iso7816", Remedy: "pad with PKCS#7 where padding is due, not by ISO/IEC 7816-4 (80 00 …)"}
	PaddedX923   = Kind{Code: "padded_x923", Remedy: "pad with PKCS#7 where padding is due, not by ANSI X9.23 (00 … n)"}
)
