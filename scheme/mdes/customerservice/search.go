package customerservice

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/scheme"
	"github.com/walletport/walletport/scheme/mdes"
)

const searchPath = "/search"

// searchJSON is a SearchRequest: exactly one criterion, of which three are used here.
type searchJSON struct {
	Encrypted               *encryptedJSON `json:"EncryptedAccountInformation,omitempty"`
	TokenUniqueReference    string         `json:"TokenUniqueReference,omitempty"`
	CommentID               string         `json:"CommentId,omitempty"`
	ExcludeDeletedIndicator string         `json:"ExcludeDeletedIndicator"`
	PageInfo                *pageInfoJSON  `json:"PageInfo,omitempty"`
	AuditInfo               auditInfo      `json:"AuditInfo"`
}

// pageInfoJSON is only for searches by account [NOV24]. Its numbers are strings.
type pageInfoJSON struct {
	Offset string `json:"Offset"`
	Limit  string `json:"Limit"`
}

// encryptedJSON is an encrypted payload in this API's spelling [S3].
type encryptedJSON struct {
	EncryptedData        string `json:"EncryptedData"`
	PublicKeyFingerprint string `json:"PublicKeyFingerprint"`
	EncryptedKey         string `json:"EncryptedKey"`
	OAEPHashingAlgorithm string `json:"OaepHashingAlgorithm"`
	IV                   string `json:"Iv"`
	AlgorithmCipherMode  string `json:"algorithmCipherMode,omitempty"`
	Tag                  string `json:"tag,omitempty"`
	AAD                  string `json:"aad,omitempty"`
}

// searchAnswer is a SearchResponse.
type searchAnswer struct {
	Accounts *struct{ Account list[accountJSON] }
	PageInfo *struct{ Offset, Total text }
}

// accountJSON is a card, with the tokens that stand for it now.
type accountJSON struct {
	AccountPanSuffix text
	Tokens           struct{ Token list[tokenJSON] }
}

// isWhole reports whether the answer says what was found: one without accounts could be
// anything, and is not taken for a card without tokens unless it counts none.
func (s searchAnswer) isWhole() bool {
	return s.Accounts != nil || s.PageInfo != nil && s.PageInfo.Total.value == "0"
}

// accounts may be none.
func (s searchAnswer) accounts() list[accountJSON] {
	if s.Accounts == nil {
		return nil
	}
	return s.Accounts.Account
}

// readSearch reads a search's answer.
func readSearch(a scheme.Answer) (searchAnswer, *failure) {
	said, failure := read[searchAnswer](a, "SearchResponse")
	if failure == nil && !said.isWhole() {
		return said, unread(a, "it has no accounts")
	}
	return said, failure
}

// tokens returns the tokens of all accounts; those without a reference, of requests that
// were declined, are nothing that could be managed.
func (s searchAnswer) tokens() []scheme.Token {
	tokens := []scheme.Token{}
	for _, account := range s.accounts() {
		for _, wire := range account.Tokens.Token {
			if token := wire.token(suffix(account.AccountPanSuffix)); token.Ref.Reference != "" {
				tokens = append(tokens, token)
			}
		}
	}
	return tokens
}

// CardTokens searches by card number, sealed to Mastercard. A card that Mastercard does
// not know has no tokens, nor has one that was replaced: a search knows current numbers.
func (m *Messages) CardTokens(in scheme.CardTokensInput) (scheme.Query[scheme.TokenPage], error) {
	var none scheme.Query[scheme.TokenPage]
	offset, err := m.offset(in.After)
	if err != nil {
		return none, err
	}
	sealed, err := m.sealPAN(in)
	if err != nil {
		return none, err
	}
	request, err := m.post(in.Access.Signer, searchPath, "SearchRequest", searchJSON{
		Encrypted:               sealed,
		ExcludeDeletedIndicator: "false",
		PageInfo:                &pageInfoJSON{Offset: strconv.Itoa(offset), Limit: strconv.Itoa(m.profile.PageSize)},
		AuditInfo:               m.auditInfoOf(in.By),
	})
	if err != nil {
		return none, err
	}
	return scheme.Query[scheme.TokenPage]{
		Name:    "search",
		Request: request,
		Read:    func(a scheme.Answer) (scheme.TokenPage, error) { return m.readPage(a, offset) },
	}, nil
}

// offset reads what TokenPage.Next said: a multiple of the page size [S3].
func (m *Messages) offset(after string) (int, error) {
	if after == "" {
		return 0, nil
	}
	offset, err := strconv.Atoi(after)
	if err != nil || offset <= 0 || offset%m.profile.PageSize != 0 || offset > m.profile.MaxTokens {
		return 0, errors.New("customer service: After is no Next of a page")
	}
	return offset, nil
}

// panObjectBytes holds the longest card number and its member names: a buffer that grew
// would leave an unwiped copy behind.
const panObjectBytes = 64

func (m *Messages) sealPAN(in scheme.CardTokensInput) (*encryptedJSON, error) {
	if in.PAN.IsZero() || in.Rand == nil {
		return nil, errors.New("customer service: CardTokensInput needs PAN and Rand")
	}
	object := append(make([]byte, 0, panObjectBytes), `{"CurrentAccount":{"AccountPan":"`...)
	object = append(append(object, in.PAN.Reveal()...), `"}}`...)
	payload, err := m.profile.encryption().Seal(in.Rand, in.Access.Recipient, object)
	clear(object)
	if err != nil {
		return nil, err
	}
	hexOf := m.profile.HexCase.Encode
	sealed := encryptedJSON{
		EncryptedData:        hexOf(payload.Envelope.Ciphertext),
		PublicKeyFingerprint: payload.Fingerprint,
		EncryptedKey:         hexOf(payload.Envelope.WrappedKey),
		OAEPHashingAlgorithm: string(m.profile.OAEPHash),
		IV:                   hexOf(payload.Envelope.IV),
	}
	if m.profile.CipherMode == mdes.GCM {
		sealed.AlgorithmCipherMode = string(mdes.GCM)
		sealed.Tag, sealed.AAD = hexOf(payload.Envelope.Tag), hexOf(payload.Envelope.AAD)
	}
	return &sealed, nil
}

// readPage reads one page. There is another as long as one is full or the total says so:
// what Total counts, tokens or accounts, is not documented. An answer without PageInfo was
// not paged.
func (m *Messages) readPage(a scheme.Answer, offset int) (scheme.TokenPage, error) {
	said, failure := readSearch(a)
	switch {
	case failure != nil && failure.err.Code == walletport.CodeNotFound:
		return scheme.TokenPage{Tokens: []scheme.Token{}}, nil
	case failure != nil:
		return scheme.TokenPage{}, failure.err
	}
	page := scheme.TokenPage{Tokens: said.tokens()}
	if said.PageInfo == nil {
		return page, nil
	}
	if at := said.PageInfo.Offset.value; at != "" && at != strconv.Itoa(offset) {
		return scheme.TokenPage{}, scheme.ErrUnreadable().WithCause(errors.New("it is another page than the one that was asked for"))
	}
	next := offset + m.profile.PageSize
	if n := said.count(); n < m.profile.PageSize && (n == 0 || said.total() <= next) {
		return page, nil
	}
	if next > m.profile.MaxTokens {
		return scheme.TokenPage{}, scheme.ErrUnreadable().WithCause(fmt.Errorf("there is no end after %d tokens", next))
	}
	page.Next = strconv.Itoa(next)
	return page, nil
}

// count is of all entries, those without a reference too, which Mastercard counts.
func (s searchAnswer) count() (n int) {
	for _, account := range s.accounts() {
		n += len(account.Tokens.Token)
	}
	return n
}

// total is 0 where the answer does not say.
func (s searchAnswer) total() int {
	if total, err := strconv.Atoi(s.PageInfo.Total.value); err == nil {
		return total
	}
	return 0
}

// Token searches by token unique reference.
func (m *Messages) Token(in scheme.TokenInput) (scheme.Query[scheme.Token], error) {
	if err := checkRef(in.Ref); err != nil {
		return scheme.Query[scheme.Token]{}, err
	}
	return m.searchOne(in.Access, searchJSON{TokenUniqueReference: in.Ref.Reference, AuditInfo: m.auditInfoOf(in.By)},
		func(t scheme.Token) bool {
			return t.Ref.Reference == in.Ref.Reference && isRequestor(t.Ref.Requestor, in.Ref.Requestor)
		})
}

// CommentInput is everything that a search by comment depends on.
type CommentInput struct {
	Access    scheme.Access
	By        walletport.AuditUser
	CommentID string // scheme.Outcome.Reference of a change
}

// maxCommentID bounds CommentId, of which no limit is published (inferred).
const maxCommentID = 64

// CommentToken searches for the token that a change was made of, by the change's id.
func (m *Messages) CommentToken(in CommentInput) (scheme.Query[scheme.Token], error) {
	if in.CommentID == "" || identifier(in.CommentID, maxCommentID) == "" {
		return scheme.Query[scheme.Token]{}, errors.New("customer service: CommentID is 1 to 64 printable ASCII characters")
	}
	return m.searchOne(in.Access, searchJSON{CommentID: in.CommentID, AuditInfo: m.auditInfoOf(in.By)},
		func(scheme.Token) bool { return true })
}

func (m *Messages) searchOne(access scheme.Access, search searchJSON, meant func(scheme.Token) bool) (scheme.Query[scheme.Token], error) {
	search.ExcludeDeletedIndicator = "false"
	request, err := m.post(access.Signer, searchPath, "SearchRequest", search)
	if err != nil {
		return scheme.Query[scheme.Token]{}, err
	}
	return scheme.Query[scheme.Token]{Name: "search", Request: request, Read: func(a scheme.Answer) (scheme.Token, error) {
		said, failure := readSearch(a)
		if failure != nil {
			return scheme.Token{}, failure.err
		}
		for _, token := range said.tokens() {
			if meant(token) {
				return token, nil
			}
		}
		return scheme.Token{}, scheme.ErrTokenNotFound()
	}}, nil
}
