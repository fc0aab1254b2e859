package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/act"
	"github.com/walletport/walletport/audit"
	"github.com/walletport/walletport/keys"
)

// changeKeys does one change of the key store, which is in the audit trail before it
// begins and again with its outcome.
func (l location) changeKeys(ctx context.Context, con console, intended act.Request, change keyChanger) (keys.Meta, error) {
	return l.changeKeysOf(ctx, con, intended, false, change)
}

// keyChanger does one change with what an operator has at hand, and returns the key as it
// is afterwards.
type keyChanger func(context.Context, *operator) (keys.Meta, error)

// changeKeysOf is changeKeys; keyLost says that the key that signed the trail last is lost,
// which is refused otherwise.
func (l location) changeKeysOf(ctx context.Context, con console, intended act.Request, keyLost bool, change keyChanger) (changed keys.Meta, err error) {
	err = l.opened(ctx, func(ctx context.Context, o *operator) error {
		o.keyLost = keyLost
		return o.recording(ctx, func(ctx context.Context, o *operator) error {
			if len(intended.KeyVersions) > 0 {
				noteKeyOf(&intended.Facts, o.keys, keys.ID(intended.KeyVersions[0]))
			}
			if err := o.warnOfIssuers(ctx, con.Err, intended.Issuer); err != nil {
				return err
			}
			return o.declare(ctx, intended, func(record *act.Record) (err error) {
				if changed, err = change(ctx, o); err != nil {
					return err
				}
				noteKey(&record.Facts, changed)
				return nil
			})
		})
	})
	return changed, err
}

// lostVersion returns the version of the checkpoint key that signed the trail last and
// that the key store lacks. If it has that key, nothing is lost.
func (o *operator) lostVersion(ctx context.Context) (int, error) {
	if err := audit.CheckKeys(ctx, o.db, o.keys.Current()); walletport.ReasonOf(err) != audit.ReasonKeyMissing {
		if err == nil {
			err = usagef("--lost: the key store has the key that signed the trail last, or nothing is signed: generate the key without it")
		}
		return 0, err
	}
	last, err := o.db.LastCheckpoint(ctx)
	if err != nil {
		return 0, err
	}
	// An id that was edited is that of no key of ours, and stands above none.
	version, malformed := strconv.Atoi(strings.TrimPrefix(last.KeyID, string(keys.AuditCheckpoint)+"-v"))
	if genuine := malformed == nil && version >= 1 && version <= maxLostVersion; !genuine {
		return 0, nil
	}
	return version, nil
}

// maxLostVersion is above the version of any key that was ever made.
const maxLostVersion = 1_000_000

// changeState does a change of the key that intended names, and prints what it is now.
func (l location) changeState(ctx context.Context, con console, asJSON bool, intended act.Request, change keyChanger) error {
	changed, err := l.changeKeys(ctx, con, intended, change)
	if err != nil {
		return err
	}
	if asJSON {
		return printKeys(con.Out, true, []*keys.Key{{Meta: changed}})
	}
	_, err = fmt.Fprintf(con.Out, "key %s is %s\n", changed.ID, changed.State)
	return err
}

// stateChange is what is asked for of a key that is about to be activated, retired or
// destroyed.
// insisted is the flag by which the operator has done what is refused without it.
func stateChange(change, id, insisted string) act.Request {
	intended := keyChange(change)
	intended.KeyVersions = []string{id}
	intended.SetDetail(walletport.DetailInsisted, insisted)
	return intended
}

// keyChange is what is asked for of a change of keys that is about to begin.
func keyChange(change string) act.Request {
	intended := act.Request{Action: walletport.ActionKeyChange}
	intended.SetDetail(walletport.DetailChange, change)
	return intended
}

// addition is what is asked for of a key that is about to be added.
func addition(change string, spec keys.Spec) act.Request {
	intended := keyChange(change)
	intended.Issuer = spec.Issuer
	intended.SetDetail(walletport.DetailPurpose, string(spec.Purpose))
	if spec.AsIs {
		intended.SetDetail(walletport.DetailInsisted, "as-is")
	}
	return intended
}

// noteKey says which key an act is about, and in which state.
func noteKey(facts *act.Facts, m keys.Meta) {
	facts.Issuer, facts.KeyVersions = m.Issuer, []string{string(m.ID)}
	facts.SetDetail(walletport.DetailPurpose, string(m.Purpose))
	facts.SetDetail(walletport.DetailVersion, strconv.Itoa(m.Version))
	facts.SetDetail(walletport.DetailFingerprint, m.Fingerprint)
	facts.SetDetail(walletport.DetailCheckValue, m.CheckValue)
	facts.SetDetail(walletport.DetailState, string(m.State))
}

// noteKeyOf notes the key of an id as it is now. An id that the store does not have
// stands for itself, if it can be one: it was typed by somebody.
func noteKeyOf(facts *act.Facts, source keys.Source, id keys.ID) {
	if k, ok := source.Current().ByID(id); ok {
		noteKey(facts, k.Meta)
		return
	}
	facts.KeyVersions = []string{checkedName(string(id))}
}
