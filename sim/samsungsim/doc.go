// Package samsungsim is the front door of a simulated Samsung Pay: it hands out the
// ids of a device and its account, takes the provisionPayload that an app passes to
// the Samsung Pay SDK, looks at it as far as Samsung does, and hands it to a simulated
// scheme. There is no encryption to Samsung, so it opens nothing itself.
//
// It shares no code with walletport's encoders. Formats: Samsung Pay SDK, AddCardInfo;
// the payloads are those of the schemes.
package samsungsim
