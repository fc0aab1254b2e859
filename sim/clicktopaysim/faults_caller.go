package clicktopaysim

import "github.com/walletport/walletport/sim"

// Who calls.
var (
	certificateMissing = sim.Kind{Code: "certificate_missing", Remedy: "present the client certificate of the project, or call with apiKey and x-pay-token"}
	certificateUnknown = sim.Kind{Code: "certificate_unknown", Remedy: "present the client certificate that this environment issued: its common name is another one"}
	basicMissing       = sim.Kind{Code: "basic_missing", Remedy: "send Authorization: Basic with user id and password beside the client certificate"}
	basicWrong         = sim.Kind{Code: "basic_wrong", Remedy: "use the user id and password of this project and environment"}
	callerTwice        = sim.Kind{Code: "caller_twice", Remedy: "choose one: mutual TLS or x-pay-token", Tolerated: true}
	apiKeyMissing      = sim.Kind{Code: "api_key_missing", Remedy: "append ?apiKey=… to the URL"}
	apiKeyTwice        = sim.Kind{Code: "api_key_twice", Remedy: "give apiKey once"}
	apiKeyUnknown      = sim.Kind{Code: "api_key_unknown", Remedy: "use the API key of this environment that is for x-pay-token, not the one of encryption"}
	payTokenMissing    = sim.Kind{Code: "pay_token_missing", Remedy: "send one header x-pay-token"}
	payTokenVersion    = sim.Kind{Code: "pay_token_version", Remedy: "sign by HMAC-SHA-256 and write xv2: the version x is Visa Checkout's"}
	payTokenForm       = sim.Kind{Code: "pay_token_form", Remedy: "write xv2:SECONDS:HASH, the hash in 64 hex digits"}
	payTokenCapitals   = sim.Kind{Code: "pay_token_capitals", Remedy: "write the hash in lower-case hex"}
	payTokenMillis     = sim.Kind{Code: "pay_token_milliseconds", Remedy: "write the Unix time in seconds: divide by 1000"}
	payTokenContext    = sim.Kind{Code: "pay_token_path_with_context", Remedy: "sign v1/…: this profile leaves visaIdCredential/ out of the signed path"}
	payTokenNoContext  = sim.Kind{Code: "pay_token_path_without_context", Remedy: "sign visaIdCredential/v1/…: this profile signs the full path"}
	payTokenSlash      = sim.Kind{Code: "pay_token_path_slash", Remedy: "sign the path without its first slash"}
	payTokenMark       = sim.Kind{Code: "pay_token_question_mark", Remedy: "sign the query without the question mark"}
	payTokenNoQuery    = sim.Kind{Code: "pay_token_without_query", Remedy: "sign the query too, apiKey=… as it is sent"}
	payTokenNoBody     = sim.Kind{Code: "pay_token_without_body", Remedy: "sign the body too, its bytes as they are sent"}
	payTokenHash       = sim.Kind{Code: "pay_token_hash", Remedy: "sign time, path, query and body as they are sent, by the secret of this API key as text, not decoded"}
	payTokenStale      = sim.Kind{Code: "pay_token_stale", Remedy: "check the server's clock, and sign anew for each attempt: an x-pay-token is good for 480 seconds"}
	payTokenFuture     = sim.Kind{Code: "pay_token_future", Remedy: "check the server's clock: the x-pay-token is from the future"}
	payTokenUsed       = sim.Kind{Code: "pay_token_used", Remedy: "sign anew for each attempt: an x-pay-token is good once"}
)
