package telemetry

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/netip"
	"strconv"

	"github.com/walletport/walletport"
)

// NewLogger returns a logger that writes JSON lines to w, through RedactLogs.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(RedactLogs(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})))
}

// RedactLogs returns a handler that replaces every message, key and value that
// reads like it holds a PAN before next sees it: strings, errors, big numbers,
// groups, and what other values marshal to.
func RedactLogs(next slog.Handler) slog.Handler { return redactingHandler{next} }

type redactingHandler struct{ next slog.Handler }

// Enabled asks the handler behind.
func (h redactingHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle passes the record on, or a clean copy when something in it needs care.
func (h redactingHandler) Handle(ctx context.Context, r slog.Record) error {
	clear := !walletport.ContainsPAN(r.Message)
	if r.Attrs(func(a slog.Attr) bool {
		clear = clear && isClear(a)
		return clear
	}); clear {
		return h.next.Handle(ctx, r)
	}
	clean := slog.NewRecord(r.Time, r.Level, Redact(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(redactAttr(a))
		return true
	})
	return h.next.Handle(ctx, clean)
}

// WithAttrs cleans the attributes that all later lines will have.
func (h redactingHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = redactAttr(a)
	}
	return redactingHandler{h.next.WithAttrs(clean)}
}

// WithGroup opens a group.
func (h redactingHandler) WithGroup(name string) slog.Handler {
	return redactingHandler{h.next.WithGroup(Redact(name))}
}

// isClear reports whether an attribute is seen at a glance to hold no PAN. It may
// say no of a harmless one; most lines need no copy.
func isClear(a slog.Attr) bool {
	if walletport.ContainsPAN(a.Key) {
		return false
	}
	switch a.Value.Kind() {
	case slog.KindString:
		return !walletport.ContainsPAN(a.Value.String())
	case slog.KindInt64:
		return a.Value.Int64() > -smallestPAN && a.Value.Int64() < smallestPAN
	case slog.KindBool, slog.KindDuration, slog.KindTime:
		return true
	case slog.KindAny:
		return isAddress(a.Value.Any())
	case slog.KindUint64, slog.KindFloat64, slog.KindGroup, slog.KindLogValuer:
	}
	return false
}

func redactAttr(a slog.Attr) slog.Attr {
	return slog.Attr{Key: Redact(a.Key), Value: redactValue(a.Value.Resolve())}
}

func redactValue(v slog.Value) slog.Value {
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(Redact(v.String()))
	case slog.KindInt64:
		return redactNumber(v, strconv.FormatInt(v.Int64(), 10))
	case slog.KindUint64:
		return redactNumber(v, strconv.FormatUint(v.Uint64(), 10))
	case slog.KindFloat64:
		return redactNumber(v, strconv.FormatFloat(v.Float64(), 'f', -1, 64))
	case slog.KindGroup:
		group := v.Group()
		clean := make([]slog.Attr, len(group))
		for i, a := range group {
			clean[i] = redactAttr(a)
		}
		return slog.GroupValue(clean...)
	case slog.KindAny:
		return redactAny(v)
	case slog.KindBool, slog.KindDuration, slog.KindTime, slog.KindLogValuer:
		return v
	}
	return v
}

func redactNumber(v slog.Value, decimal string) slog.Value {
	if Redact(decimal) != decimal {
		return slog.StringValue(redacted)
	}
	return v
}

// isAddress reports whether v is an IP address without a zone, which is a free text.
// Addresses are not searched: one in ten of some networks reads like a PAN in groups
// ("2606:4700:4700:1119::1"), and what was parsed as an address is no PAN.
func isAddress(v any) bool {
	address, ok := v.(netip.Addr)
	return ok && address.Zone() == ""
}

// redactAny looks at what the JSON handler would write. Bytes are shown to the
// guard as text, for their base64 form would hide digits from it.
func redactAny(v slog.Value) slog.Value {
	if isAddress(v.Any()) {
		return v
	}
	switch a := v.Any().(type) {
	case nil:
		return v
	case error:
		return slog.StringValue(Redact(a.Error()))
	case []byte:
		return slog.StringValue(Redact(string(a)))
	default:
		text, err := json.Marshal(a)
		if err != nil || Redact(string(text)) != string(text) {
			return slog.StringValue(redacted)
		}
		return v
	}
}
