package tokens

import (
	"cmp"
	"context"

	"github.com/walletport/walletport"
	"github.com/walletport/walletport/storage"
)

// seesNumbers reports whether the caller of ctx may see whole numbers of tokens.
func seesNumbers(ctx context.Context) bool {
	return walletport.ActorFrom(ctx).May(walletport.ScopeTokensNumber)
}

// view returns a row as the API lists it. With whole the number is opened, where it is known;
// the error is that of Numbers. Whoever shows the number wipes it.
func (f *Flow) view(row storage.Token, whole bool) (Listed, error) {
	listed := Listed{
		ID: row.ID, Ref: row.Ref, Wallet: cmp.Or(row.Wallet, row.Ref.Requestor), Status: row.Status, MaskedNumber: masked(row.Number),
	}
	if !whole || len(row.Number.Sealed) == 0 {
		return listed, nil
	}
	var err error
	listed.Number, err = f.Numbers.OpenTokenNumber(row.Issuer, row.Ref, row.Number)
	return listed, err
}

// masked shows a number that is known. Of one that is not, the last four digits alone would
// look like a number.
func masked(n storage.TokenNumber) string {
	if n.FirstSix == "" || n.LastFour == "" {
		return ""
	}
	return n.FirstSix + "******" + n.LastFour
}
