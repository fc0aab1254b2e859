package vault

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

const reasonFileChanged = "import_file_changed"

// digested is a file as it is read, with its digest. It keeps nothing else of what it reads.
type digested struct {
	io.Reader
	digest hash.Hash
}

func newDigested(r io.Reader) *digested { return &digested{r, sha256.New()} }

// Read implements io.Reader.
func (d *digested) Read(to []byte) (int, error) {
	n, err := d.Reader.Read(to)
	d.digest.Write(to[:n])
	return n, err
}

// is reports whether all that was read is the file of a digest in hex.
func (d *digested) is(sum string) bool { return hex.EncodeToString(d.digest.Sum(nil)) == sum }

// checkUnchanged returns import_file_changed once somebody has written to the file. What was read
// before the call is of the file that the import was claimed for.
func (f *ImportFile) checkUnchanged() error {
	if f.Changed == nil {
		return nil
	}
	changed, err := f.Changed()
	switch {
	case err != nil:
		return fmt.Errorf("look at the file: %w", err)
	case changed:
		return errFileChanged()
	}
	return nil
}

// checkRead returns import_file_changed if the file, which was read to its end, is another one than
// the import was claimed for.
func (in *intake[K, C]) checkRead() error {
	if sum := in.rules.File.SHA256; sum != "" && !in.source.is(sum) {
		return errFileChanged()
	}
	return nil
}

func errFileChanged() error {
	return walletport.Errorf(walletport.CodeConflict, reasonFileChanged,
		"the file was changed while it was imported: its rows may be those of two files. Put each file under a name of its own, let nobody write to it, and import it again, which begins at the first row")
}

// unmark has the import begin at the first row when it is repeated, if err says that the file was
// another one: how far it came is told in lines of that. The import itself stays noted, for values
// may be stored ahead of rows that did not come.
func (in *intake[K, C]) unmark(ctx context.Context, err error) error {
	if !in.claim.isHeld() || walletport.ReasonOf(err) != reasonFileChanged {
		return err
	}
	state, markErr := json.Marshal(importPoint{})
	if markErr == nil {
		markErr = in.vault.Imports.MarkImport(ctx, storage.ImportMark{ID: in.claim.id, Holder: in.claim.holder, At: in.vault.Clock(), State: state})
	}
	return errors.Join(err, markErr)
}
