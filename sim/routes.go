package sim

import "net/http"

// Handing is a path on which a simulated wallet hands something to the app: what
// PassKit, the Wallet SDK or Samsung's SDK would. Both GET and POST get a new one.
type Handing struct {
	Name string // below the wallet's path
	Give http.HandlerFunc
}

// WalletRoutes is the front door of a simulated wallet: POST /wallets/WALLET/add takes
// an issuer's answer as the app hands it on, and each handing has a path beside it.
func WalletRoutes(wallet string, add http.HandlerFunc, handings ...Handing) http.Handler {
	mux := http.NewServeMux()
	base := "/wallets/" + wallet + "/"
	for _, h := range handings {
		mux.HandleFunc("GET "+base+h.Name, h.Give)
		mux.HandleFunc("POST "+base+h.Name, h.Give)
		mux.HandleFunc(base+h.Name, AllowOnly("GET, HEAD, POST"))
	}
	mux.HandleFunc("POST "+base+"add", add)
	mux.HandleFunc(base+"add", AllowOnly(http.MethodPost))
	mux.HandleFunc("/", NotFound)
	return mux
}
