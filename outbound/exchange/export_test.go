package exchange

// What tests need to see without a scheme.
var RetryAfter = retryAfter
