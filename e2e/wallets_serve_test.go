package e2e_test

import (
	"path/filepath"
	"sync"
	"testing"
)

// The cards of a production server that offers the device wallets. Apart from
// servedVisa, the Visa cards have BINs that no key serves.
const (
	servedMastercard = serveCardID
	servedVisa       = 7002
	steppedCard      = 7101 // of the second issuer
	secondIssuer     = "globex"
)

const (
	walletCards = `cardId,customerId,pan,expiryMonth,expiryYear,cardholderName,product
7002,2,4012888888881881,11,2030,MARY JACKSON,visa-debit
7003,2,4242424242424242,11,2030,MARY JACKSON,visa-debit
7004,2,4000056655665556,11,2030,MARY JACKSON,visa-debit
7005,2,4263982640269299,11,2030,MARY JACKSON,visa-debit
`
	secondCards = `cardId,customerId,pan,expiryMonth,expiryYear,cardholderName,product
7101,9,5425233430109903,12,2031,KATHERINE JOHNSON,mc-debit
7102,9,2222420000001113,12,2031,KATHERINE JOHNSON,mc-debit
`
	// walletsOffered leaves Samsung Pay to Mastercard's cards.
	walletsOffered = `wallets:
  applepay: {root_files: [root.pem], mastercard: {enabled: true}, visa: {enabled: true}}
  googlepay: {mastercard: {enabled: true}, visa: {enabled: true}}
  samsungpay: {mastercard: {enabled: true}}
activation: {mastercard: {enabled: true}, visa: {enabled: true}}
`
	firstPushKey = "PUSHKEY-1"
	pushSecret   = "first-shared-secret-of-the-tests-0123456"
	wsdSecret    = "0123456789ABCDEFFEDCBA9876543210"
)

// walletStore is a key store with the keys of the device wallets beside those of every
// production, made by the first test that asks.
var walletStore struct {
	sync.Mutex
	store string
}

// mustWalletProduction prepares a server that offers the device wallets, and trusts
// authority in Apple's place.
func mustWalletProduction(t *testing.T, databaseURL, config string, apple authority) *production {
	t.Helper()
	p := mustProduction(t, databaseURL, walletsOffered+config)
	mustWrite(t, filepath.Join(p.dir, "root.pem"), pemText("CERTIFICATE", apple.root.Raw))
	p.mustWalletKeys(t)
	p.mustImport(t, walletCards, serveIssuer)
	p.mustImport(t, secondCards, secondIssuer)
	p.client = p.mustClient(t, "provision", "--scope", "activate", "--issuer", secondIssuer)
	return p
}

func (p *production) mustImport(t *testing.T, cards, issuer string) {
	t.Helper()
	mustRun(t, cards, p.at().with("cards", "import", "-", "--format", "csv", "--issuer", issuer)...)
}

func (p *production) mustWalletKeys(t *testing.T) {
	t.Helper()
	path := filepath.Join(p.dir, "keystore.age") // as every production has it
	walletStore.Lock()
	defer walletStore.Unlock()
	if walletStore.store == "" {
		p.mustKey(t, pushSecret, "vts-push", "--alias", firstPushKey, "--bin", "401288")
		p.mustKey(t, wsdSecret, "wsd", "--alias", "401288.1", "--bin", "401288")
		p.mustKey(t, mustCertificate(t, mustOpenPGP(t, 0, true)), "opc-encryption")
		mustRun(t, "", p.at().with("keys", "generate", "opc-signing", "--algorithm", "RSA-2048", "--activate")...)
		walletStore.store = mustRead(t, path)
	}
	mustWrite(t, path, walletStore.store)
}

// mustKey imports a key and lets it serve.
func (p *production) mustKey(t *testing.T, material, purpose string, flags ...string) {
	t.Helper()
	mustRun(t, material, append(p.at().with("keys", "import", purpose, "-", "--activate"), flags...)...)
}
