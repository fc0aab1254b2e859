package sim

// Faults of any base64 or JSON layer.
var (
	Base64Invalid    = Kind{Code: "base64_invalid", Remedy: "encode with standard base64 (RFC 4648 section 4), padded, in one line"}
	Base64LineBreaks = Kind{Code: "base64_line_breaks", Remedy: "encode base64 in one line; on Android use Base64.NO_WRAP, with openssl use -A"}
	Base64URLSafe    = Kind{Code: "base64_url_safe", Remedy: "use the standard alphabet with + and /, not the URL-safe one with - and _"}
	Base64Unpadded   = Kind{Code: "base64_unpadded", Remedy: "keep the = padding at the end"}
	Base64Spaces     = Kind{Code: "base64_spaces", Remedy: "a form decoder turned + into spaces: percent-encode + as %2B, or send JSON"}
	Base64Percent    = Kind{Code: "base64_percent_encoded", Remedy: "remove one percent-encoding: the value is plain base64"}
	Base64Twice      = Kind{Code: "base64_twice", Remedy: "apply base64 once: the decoded text is base64 again"}
	Base64Hex        = Kind{Code: "hex_instead_of_base64", Remedy: "encode the bytes as base64, not as hex"}

	JSONInvalid   = Kind{Code: "json_invalid", Remedy: "encode one JSON object (RFC 8259), without byte order mark or trailing text"}
	JSONTruncated = Kind{Code: "json_truncated", Remedy: "the JSON stops in the middle: look for a length limit between encoder and wallet"}
	JSONNotUTF8   = Kind{Code: "json_not_utf8", Remedy: "encode the JSON text as UTF-8"}
	JSONNotObject = Kind{Code: "json_not_object", Remedy: "the value must be one JSON object, not an array, string, number or null"}
	JSONDuplicate = Kind{Code: "json_duplicate_member", Remedy: "give every member once"}
)
