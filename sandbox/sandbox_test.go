package sandbox

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

func TestWriteFileAtomically(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	must(t, os.WriteFile(path, []byte("old"), 0o600))
	must(t, os.Chmod(path, 0o640)) // somebody let a group read it
	must(t, writeFileAtomically(path, []byte("new")))
	info, err := os.Stat(path)
	must(t, err)
	if got := mustRead(t, path); string(got) != "new" || info.Mode().Perm() != 0o640 {
		t.Errorf("content %q, mode %o", got, info.Mode().Perm())
	}
	if err := writeFileAtomically(filepath.Join(dir, "none", "file"), nil); err == nil {
		t.Errorf("a folder that is not there is taken")
	}
	must(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	if err := writeFileAtomically(filepath.Join(dir, "folder"), []byte("x")); err == nil {
		t.Errorf("a folder is replaced by a file")
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	if len(entries) != 2 {
		t.Errorf("temporary files remain: %v", entries)
	}
}

func TestSandboxFolderHasOneSandbox(t *testing.T) {
	dir := t.TempDir()
	first, err := lockFolder(dir)
	must(t, err)
	if _, err := lockFolder(dir); err == nil || !strings.Contains(err.Error(), "a sandbox is running on "+dir+" already") {
		t.Errorf("a second one got in: %v", err)
	}
	must(t, first.Close())
	again, err := lockFolder(dir)
	must(t, err)
	must(t, again.Close())
	if _, err := lockFolder(filepath.Join(dir, "none")); err == nil {
		t.Errorf("a folder that is not there is locked")
	}
}

func TestSampleCardsHaveACardForEachAnswer(t *testing.T) {
	at := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	var mastercard, closed, expired, visa, other int
	var apple []walletport.CardID
	seen := map[walletport.CardID]bool{}
	for _, s := range sampleCards {
		card, err := s.card()
		if err != nil {
			t.Errorf("sample card %d: %v", s.id, err)
			continue
		}
		if _, err := walletport.ParseCardStatus(string(s.status)); err != nil || seen[s.id] {
			t.Errorf("sample card %d: status %v, seen before %v", s.id, err, seen[s.id])
		}
		seen[s.id] = true
		switch {
		case s.id < 0:
			apple = append(apple, s.id)
			continue
		case card.Issuer == otherIssuer:
			other++
			continue
		case card.Scheme == walletport.Visa:
			visa++
			continue
		}
		mastercard++
		if s.status == walletport.CardClosed {
			closed++
		}
		if card.Expiry.ExpiredAt(at) {
			expired++
		}
	}
	if mastercard < 3 || closed < 1 || expired < 1 || visa < 1 || other < 1 {
		t.Errorf("%d Mastercard (%d closed, %d expired), %d Visa, %d of the other issuer", mastercard, closed, expired, visa, other)
	}
	slices.Sort(apple)
	if diff := cmp.Diff([]walletport.CardID{-6, -5, -4, -3, -2, -1}, apple); diff != "" {
		t.Errorf("Apple's cards (-want +got):\n%s", diff)
	}
}

// contractFile is sandbox.json as its readers know it: the design's members, and
// the issuer of a card, which is ours.
type contractFile struct {
	PID         *int    `json:"pid"`
	BaseURL     *string `json:"baseURL"`
	SandboxURL  *string `json:"sandboxURL"`
	Credentials *struct {
		Basic       *contractBasic `json:"basic"`
		Bearer      *string        `json:"bearer"`
		ReadOnly    *contractBasic `json:"readOnly"`
		OtherIssuer *contractBasic `json:"otherIssuer"`
	} `json:"credentials"`
	Cards *[]struct {
		CardID         *int64  `json:"cardId"`
		CustomerID     *string `json:"customerId"`
		Scheme         *string `json:"scheme"`
		PAN            *string `json:"pan"`
		ExpiryMonth    *string `json:"expiryMonth"`
		ExpiryYear     *string `json:"expiryYear"`
		CardholderName *string `json:"cardholderName"`
		Status         *string `json:"status"`
		Issuer         *string `json:"issuer"`
	} `json:"cards"`
	WalletProviders *[]struct {
		ID               *string `json:"id"`
		TokenRequestorID *string `json:"tokenRequestorId"`
		Scheme           *string `json:"scheme"`
		DisplayName      *string `json:"displayName"`
	} `json:"walletProviders"`
	MDES *struct {
		EncryptionPrivateKey  *string `json:"encryptionPrivateKey"`
		EncryptionCertificate *string `json:"encryptionCertificate"`
		TAVPublicKey          *string `json:"tavPublicKey"`

		CustomerService *struct {
			BaseURL               *string `json:"baseURL"`
			ConsumerKey           *string `json:"consumerKey"`
			SigningPrivateKey     *string `json:"signingPrivateKey"`
			EncryptionPrivateKey  *string `json:"encryptionPrivateKey"`
			EncryptionCertificate *string `json:"encryptionCertificate"`
		} `json:"customerService"`
	} `json:"mdes"`
	VTS *struct {
		PushKeyID        *string `json:"pushKeyId"`
		PushSharedSecret *string `json:"pushSharedSecret"`
		WSDKeySet        *string `json:"wsdKeySet"`
		WSDKey           *string `json:"wsdKey"`

		TokenAPI *struct {
			BaseURL                 *string `json:"baseURL"`
			APIKey                  *string `json:"apiKey"`
			SharedSecret            *string `json:"sharedSecret"`
			SigningKeyID            *string `json:"signingKeyId"`
			SigningPrivateKey       *string `json:"signingPrivateKey"`
			SigningPublicKey        *string `json:"signingPublicKey"`
			EncryptionKeyID         *string `json:"encryptionKeyId"`
			EncryptionPrivateKey    *string `json:"encryptionPrivateKey"`
			EncryptionCertificate   *string `json:"encryptionCertificate"`
			VerificationKeyID       *string `json:"verificationKeyId"`
			VerificationPrivateKey  *string `json:"verificationPrivateKey"`
			VerificationCertificate *string `json:"verificationCertificate"`
			DecryptionKeyID         *string `json:"decryptionKeyId"`
			DecryptionPrivateKey    *string `json:"decryptionPrivateKey"`
			DecryptionPublicKey     *string `json:"decryptionPublicKey"`
		} `json:"tokenAPI"`
	} `json:"vts"`
	ClickToPay *struct {
		BaseURL               *string `json:"baseURL"`
		APIKey                *string `json:"apiKey"`
		SharedSecret          *string `json:"sharedSecret"`
		BID                   *string `json:"bid"`
		CertificateName       *string `json:"certificateName"`
		EncryptionKeyID       *string `json:"encryptionKeyId"`
		EncryptionPrivateKey  *string `json:"encryptionPrivateKey"`
		EncryptionCertificate *string `json:"encryptionCertificate"`
		DecryptionKeyID       *string `json:"decryptionKeyId"`
		DecryptionPrivateKey  *string `json:"decryptionPrivateKey"`
		DecryptionPublicKey   *string `json:"decryptionPublicKey"`
	} `json:"clickToPay"`
	Apple *struct {
		RootCertificate  *string `json:"rootCertificate"`
		SubCACertificate *string `json:"subCACertificate"`
		LeafCertificate  *string `json:"leafCertificate"`
		LeafPrivateKey   *string `json:"leafPrivateKey"`
	} `json:"apple"`
	Google *struct {
		OPCPrivateKey   *string `json:"opcPrivateKey"`
		IssuerPublicKey *string `json:"issuerPublicKey"`
	} `json:"google"`
	Witness *struct {
		URL *string `json:"url"`
		Key *string `json:"key"`
	} `json:"witness"`
}

type contractBasic struct {
	Username *string `json:"username"`
	Password *string `json:"password"`
}

func TestSandboxFileHasExactlyTheMembersOfTheContract(t *testing.T) {
	dir := t.TempDir()
	startSandbox(t, dir)
	text := mustRead(t, FilePath(dir))
	var file contractFile
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	must(t, decoder.Decode(&file))
	again, err := json.MarshalIndent(file, "", "  ") // a missing member would come out as null
	must(t, err)
	if diff := cmp.Diff(strings.TrimSpace(string(text)), string(again)); diff != "" {
		t.Errorf("members are missing (-file +contract):\n%s", diff)
	}
	if *file.PID != os.Getpid() || len(*file.Cards) != len(sampleCards) || len(*file.WalletProviders) == 0 {
		t.Errorf("pid %d, %d cards, %d wallet providers", *file.PID, len(*file.Cards), len(*file.WalletProviders))
	}
	info, err := os.Stat(FilePath(dir))
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o", info.Mode().Perm())
	}
}

func TestSecondStartKeepsKeysCardsCredentialsAndAudit(t *testing.T) {
	dir := t.TempDir()
	box, stop := startSandbox(t, dir)
	first, _, err := readFile(FilePath(dir))
	must(t, err)
	mustStatus(t, box, first.Credentials.Basic, http.StatusOK)
	stop()

	box, _ = startSandbox(t, dir)
	second, _, err := readFile(FilePath(dir))
	must(t, err)
	if first.Credentials.Basic != second.Credentials.Basic || first.Credentials.ReadOnly != second.Credentials.ReadOnly || first.Credentials.OtherIssuer != second.Credentials.OtherIssuer {
		t.Errorf("credentials changed")
	}
	first.MDES.CustomerService.BaseURL, second.MDES.CustomerService.BaseURL = "", "" // has a port of its own each time
	first.VTS.TokenAPI.BaseURL, second.VTS.TokenAPI.BaseURL = "", ""
	first.ClickToPay.BaseURL, second.ClickToPay.BaseURL = "", ""
	if first.MDES != second.MDES || first.VTS != second.VTS || first.ClickToPay != second.ClickToPay {
		t.Errorf("keys changed")
	}
	mustStatus(t, box, first.Credentials.Basic, http.StatusOK)
	entries, err := box.Database.AuditAfter(t.Context(), 0, 100)
	must(t, err)
	provisioned := 0
	for _, e := range entries {
		if e.Record.Action == walletport.ActionProvision(walletport.IssuerWallet) {
			provisioned++
		}
	}
	if provisioned != 2 {
		t.Errorf("the trail has %d calls, want one of each start", provisioned)
	}
}

// TestSampleCardsStayAsTheyAre: what was done to a sample card is not undone by the next
// start.
func TestSampleCardsStayAsTheyAre(t *testing.T) {
	dir := t.TempDir()
	box, stop := startSandbox(t, dir)
	mustStatus(t, box, box.File.Credentials.Basic, http.StatusOK)
	change := func(change func(storage.Tx) error) { t.Helper(); must(t, box.Database.Update(t.Context(), change)) }
	change(func(tx storage.Tx) error {
		_, err := box.Vault.ChangeStatus(tx, 1001, walletport.CardStolen, nil)
		return err
	})
	mustStatus(t, box, box.File.Credentials.Basic, http.StatusForbidden)
	stop()
	box, stop = startSandbox(t, dir)
	mustStatus(t, box, box.File.Credentials.Basic, http.StatusForbidden)
	change(func(tx storage.Tx) error {
		_, err := box.Vault.Forget(tx, 1001, nil)
		return err
	})
	mustStatus(t, box, box.File.Credentials.Basic, http.StatusNotFound)
	stop()
	box, _ = startSandbox(t, dir)
	mustStatus(t, box, box.File.Credentials.Basic, http.StatusNotFound)
}
