package googlesim

import (
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/walletport/walletport/sim"
)

// sessionLifetime is inferred: Google's is not public.
const sessionLifetime = 15 * time.Minute

// session is what the Wallet SDK tells the app, by serverSessionId.
type session struct {
	deviceID        string // stableHardwareId
	walletAccountID string // walletId
}

// sessions are what the wallet opened.
type sessions = sim.Handouts[session]

// openSession draws a session with device and wallet ids of 24 characters.
func openSession(to *sessions, rand io.Reader) (id string, s session, err error) {
	for {
		id, errID := sim.DrawReference(rand, spellUUID)
		device, errDevice := sim.DrawReference(rand, spellID)
		account, errAccount := sim.DrawReference(rand, spellID)
		for _, err := range []error{errID, errDevice, errAccount} {
			if err != nil {
				return "", session{}, err
			}
		}
		s := session{device, account}
		if to.Add(id, s) {
			return id, s, nil
		}
	}
}

// spellUUID writes a UUID of version 4, RFC 9562 section 5.4.
func spellUUID(random []byte) string {
	id := random[:16]
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

func spellID(random []byte) string { return hex.EncodeToString(random[:12]) }
