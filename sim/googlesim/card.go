package googlesim

import (
	"strings"

	"github.com/walletport/walletport/sim"
)

// The checks of the JSON.
const (
	checkJSON          = "opc_json"
	checkObjects       = "opc_objects"
	checkVersion       = "opc_version"
	checkSession       = "opc_session"
	checkSessionSame   = "session_same"
	checkSessionFresh  = "session_fresh"
	checkSessionUnused = "session_unused"
	checkPAN           = "opc_pan"
	checkPANLuhn       = "opc_pan_luhn"
	checkExpiry        = "opc_expiry"
	checkNotExpired    = "opc_not_expired"
)

// The objects of the JSON.
const (
	objectHeader  = "protocolHeader"
	objectContext = "validationContext"
	objectCard    = "paymentCard"
)

const noteUnknownSession = "the session is none that this wallet opened: taken as the app's own"

// readCard checks the clear text.
func (r *reading) readCard(plaintext []byte) {
	plaintext, mended := sim.MendPlaintext(plaintext)
	if mended != nil {
		r.Fail(checkJSON, mended.Kind.Of("opc_plaintext_"), "%s", mended.Detail)
	}
	members, f := sim.ReadObject(plaintext)
	if f != nil {
		r.Fail(checkJSON, f.Kind.Of("opc_"), "%s", f.Detail)
		return
	}
	r.Pass(checkJSON, "one JSON object")
	header, hasHeader := r.readObject(members, objectHeader)
	context, hasContext := r.readObject(members, objectContext)
	card, hasCard := r.readObject(members, objectCard)
	r.Pass(checkObjects, "protocolHeader, validationContext and paymentCard are there")
	if hasHeader {
		r.readVersion(header)
	}
	if hasContext {
		r.readSession(context)
	}
	if hasCard {
		r.readPAN(card)
		r.readExpiry(card)
	}
}

// flatMembers are what stands at the top if the objects were left out.
var flatMembers = []string{"accountNumber", "serverSessionId", "expiryMonth", "expiryYear", "version"}

func (r *reading) readObject(members sim.Object, name string) (sim.Object, bool) {
	if !members.Has(name) {
		if other, ok := members.Fold(name); ok && other != name {
			return nil, r.Fail(checkObjects, objectCase, "the object is called %s", sim.Shown(other))
		}
		if other, ok := members.First(flatMembers...); ok {
			return nil, r.Fail(checkObjects, objectFlat, "%s is missing, and %s stands at the top", name, other)
		}
		return nil, r.Fail(checkObjects, objectMissing, "%s is missing or null", name)
	}
	inner, f := sim.ReadObject(members[name])
	if f != nil && f.Kind == sim.JSONNotObject {
		return nil, r.Fail(checkObjects, objectType, "%s is no JSON object", name)
	}
	if f != nil {
		return nil, r.Fail(checkObjects, f.Kind.Of("opc_"), "%s: %s", name, f.Detail)
	}
	return inner, true
}

// readVersion takes the number 1 of all samples and the string of one schema.
func (r *reading) readVersion(header sim.Object) {
	version := strings.Trim(string(header["version"]), `"`)
	switch {
	case !header.Has("version"):
		r.Fail(checkVersion, versionMissing, "there is no version")
	case version != "1":
		r.Fail(checkVersion, versionUnknown, "the version is %s", sim.Shown(version))
	}
	r.Pass(checkVersion, "version 1")
}

func (r *reading) readSession(context sim.Object) {
	session, isText := context.Text("serverSessionId")
	switch {
	case !context.Has("serverSessionId"), isText && session == "":
		r.Fail(checkSession, sessionMissing, "serverSessionId is missing, null or empty")
		return
	case !isText:
		r.Fail(checkSession, sessionType, "serverSessionId is not a JSON string")
		return
	}
	r.session, r.facts.HasSession = session, true
	r.Pass(checkSession, "%d characters", len(session))
	r.matchSession(session)
	switch {
	case r.keys.SessionUsed == nil:
		r.Skip("needs the sessions used before", checkSessionUnused)
	case r.keys.SessionUsed(session):
		r.Fail(checkSessionUnused, sessionUsed, "a card was added with this session before")
	}
	r.Pass(checkSessionUnused, "no card was added with it before")
}

// matchSession compares with the session that the caller names, else with those that
// this wallet opened. An app may have its session from elsewhere: from none of the
// two follows nothing.
func (r *reading) matchSession(session string) {
	opened, known := r.keys.sessions.Get(session)
	switch {
	case r.keys.ServerSessionID != "" && session != r.keys.ServerSessionID:
		r.Fail(checkSessionSame, sessionOther, "the session is another than the wallet's")
	case r.keys.ServerSessionID != "", known:
		r.Pass(checkSessionSame, "the wallet's")
	case r.keys.sessions != nil:
		r.Drop(checkSessionSame)
		r.note(noteUnknownSession)
	default:
		r.Skip("needs the session of the wallet", checkSessionSame)
	}
	if !known {
		r.Drop(checkSessionFresh)
		return
	}
	if r.now.Sub(opened.At) > sessionLifetime {
		r.Fail(checkSessionFresh, sessionExpired, "the session is older than 15 minutes")
	}
	r.Pass(checkSessionFresh, "opened less than 15 minutes ago")
}

// panNames are what the PAN was called elsewhere.
var panNames = []string{"primaryAccountNumber", "cardNumber", "pan", "PAN", "fpan", "number"}

// A PAN has 12 digits or more at these schemes, 19 at most (ISO/IEC 7812).
const (
	minPANDigits = 12
	maxPANDigits = 19
)

func (r *reading) readPAN(card sim.Object) {
	const name = "accountNumber"
	text, isText := card.Text(name)
	if !card.Has(name) {
		other, ok := card.Fold(name)
		if !ok {
			other, ok = card.First(panNames...)
		}
		if !ok {
			r.Fail(checkPAN, panMissing, "accountNumber is missing or null")
			return
		}
		r.Fail(checkPAN, panMemberName, "the PAN's member is called %s", sim.Shown(other))
		text, isText = card.Text(other)
	}
	if !isText {
		r.Fail(checkPAN, panNotString, "accountNumber is not a JSON string")
		return
	}
	r.judgePAN(text)
}

func (r *reading) judgePAN(text string) {
	digits := strings.NewReplacer(" ", "", "-", "").Replace(text)
	switch {
	case !sim.IsDigits(digits):
		r.Fail(checkPAN, panNotDigits, "the PAN is not digits only")
		return
	case digits != text:
		r.Fail(checkPAN, panSpaces, "there are spaces or hyphens in the PAN")
	}
	if len(digits) < minPANDigits || len(digits) > maxPANDigits {
		r.Fail(checkPAN, panLength, "the PAN has %d digits", len(digits))
		return
	}
	r.number = sim.NewCardNumber(digits)
	r.facts.PAN = r.number.String()
	r.Pass(checkPAN, "%d digits", len(digits))
	if !sim.HasLuhnDigit(digits) {
		r.Fail(checkPANLuhn, panLuhn, "the check digit does not fit")
	}
	r.Pass(checkPANLuhn, "the check digit fits")
}

func (r *reading) readExpiry(card sim.Object) {
	const monthName, yearName = "expiryMonth", "expiryYear"
	if !card.Has(monthName) || !card.Has(yearName) {
		if other, ok := card.First("expiry", "expiration", "expiryDate", "expirationDate"); ok {
			r.Fail(checkExpiry, expiryCombined, "there is %s instead", other)
		}
		r.Fail(checkExpiry, expiryMissing, "expiryMonth or expiryYear is missing or null")
		return
	}
	month, isMonth := card.Text(monthName)
	year, isYear := card.Text(yearName)
	if !isMonth || !isYear {
		r.Fail(checkExpiry, expiryNotString, "expiryMonth or expiryYear is not a JSON string")
		return
	}
	r.judgeExpiry(month, year)
}

func (r *reading) judgeExpiry(month, year string) {
	if len(year) == 4 && strings.HasPrefix(year, "20") && sim.IsDigits(year) {
		r.Fail(checkExpiry, expiryYYYY, "expiryYear has four digits")
		year = year[2:]
	}
	isYear := len(year) == 2 && sim.IsDigits(year)
	switch {
	case !sim.IsMonth(month) && sim.IsMonth(year) && len(month) == 2 && sim.IsDigits(month):
		r.Fail(checkExpiry, expirySwapped, "the month is none, the year could be one")
		month, year = year, month
	case !sim.IsMonth(month):
		r.Fail(checkExpiry, expiryMonthForm, "expiryMonth has %d characters and is not 01 to 12", len(month))
		return
	case !isYear:
		r.Fail(checkExpiry, expiryYearForm, "expiryYear has %d characters and is not YY", len(year))
		return
	}
	r.mmyy = month + year
	r.facts.Expiry = month + "/" + year
	r.Pass(checkExpiry, "MM and YY")
	if !r.now.Before(sim.EndOfMonth(month, year)) {
		r.Fail(checkNotExpired, cardExpired, "the card expired at the end of %s/%s", month, year)
	}
	r.Pass(checkNotExpired, "good until the end of %s/%s", month, year)
}
