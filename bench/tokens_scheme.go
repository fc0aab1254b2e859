package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/walletport/walletport"
)

// schemeDelay is how long the stand-in of the schemes takes to answer.
const schemeDelay = 20 * time.Millisecond

// standIn is a process that answers for schemes, beside the load.
type standIn struct {
	url   string
	cmd   *exec.Cmd
	input io.Closer // it ends when this is closed
}

// startStandIn starts the child of that name, which is given its configuration as JSON.
func startStandIn(what string, given any) (*standIn, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := pinned(loadCore, self, "-child", what)
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &standIn{cmd: cmd, input: input}
	if err := json.NewEncoder(input).Encode(given); err != nil {
		return s, err
	}
	_, err = fmt.Fscanln(output, &s.url)
	return s, err
}

func (s *standIn) stop() error {
	_ = s.input.Close()
	return s.cmd.Wait()
}

// answerForSchemes is the child that knows nobody.
func answerForSchemes(in io.Reader, out io.Writer) error {
	return serveUntilEnd(schemeAnswers(), in, out)
}

// serveUntilEnd says on out where it answers, until in ends.
func serveUntilEnd(answers http.Handler, in io.Reader, out io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	service := &http.Server{Handler: answers, ReadHeaderTimeout: time.Minute}
	go func() { _ = service.Serve(listener) }()
	fmt.Fprintf(out, "http://%s\n", listener.Addr())
	_, err = io.Copy(io.Discard, in)
	return err
}

// schemeAnswers does whatever it is asked and keeps nothing: it checks no signature, and a
// token that it is asked for is active, which is so after the one change after which
// walletport asks.
func schemeAnswers() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /mdes/v2/token/{change}", func(w http.ResponseWriter, r *http.Request) {
		names := map[string]string{"suspend": "TokenSuspend", "unsuspend": "TokenUnsuspend"}
		name := names[r.PathValue("change")]
		reply(w, map[string]any{name + "Response": map[string]any{"Token": map[string]any{
			"TokenUniqueReference": referenceIn(r, name+"Request"), "CommentId": "123456",
		}}})
	})
	mux.HandleFunc("POST /mdes/v2/search", func(w http.ResponseWriter, r *http.Request) {
		token := map[string]any{
			"TokenUniqueReference": referenceIn(r, "SearchRequest"), "TokenRequestorId": requestors[walletport.Mastercard], "CurrentStatusCode": "A",
			"CurrentStatusDateTime": time.Now().UTC().Format(time.RFC3339), "TokenSuffix": "1234", "ExpirationDate": "0531",
			"Device": map[string]any{"DeviceName": "Phone of a cardholder", "DeviceType": "21"},
		}
		reply(w, map[string]any{"SearchResponse": map[string]any{"Accounts": map[string]any{"Account": []any{
			map[string]any{"AccountPanSuffix": "1234", "Tokens": map[string]any{"Token": []any{token}}},
		}}}})
	})
	mux.HandleFunc("POST /vts/vtis/v1/tokenRequestors/{requestor}/tokens/{reference}/lifecycle", func(http.ResponseWriter, *http.Request) {
		time.Sleep(schemeDelay)
	})
	mux.HandleFunc("GET /vts/vtis/v1/tokenRequestors/{requestor}/tokens/{reference}/details", func(w http.ResponseWriter, r *http.Request) {
		reply(w, map[string]any{
			"tokenReferenceID": r.PathValue("reference"), "tokenInfo": map[string]any{"tokenStatus": "ACTIVE"},
			"deviceInfo": map[string]any{"deviceName": "Phone of a cardholder"},
		})
	})
	return mux
}

func referenceIn(r *http.Request, wrapper string) string {
	var body map[string]struct{ TokenUniqueReference string }
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		return ""
	}
	return body[wrapper].TokenUniqueReference
}

func reply(w http.ResponseWriter, content any) {
	time.Sleep(schemeDelay)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(content)
}
