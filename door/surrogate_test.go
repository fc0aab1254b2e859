package door

import "testing"

func TestHalfCharacters(t *testing.T) {
	for _, c := range []struct {
		text string
		want bool
	}{
		{`{"a":"b"}`, false},
		{`{"a":"\ud83d\ude00"}`, false},
		{`{"a":"\uD83D\uDE00\ud83d\ude00"}`, false},
		{`{"a":"\u00e9\\\"\n"}`, false},
		{`{"a":"\\ud83d"}`, false}, // a backslash, and letters
		{`{"a":"\\\ud83d"}`, true},
		{`{"a":"\ud83d"}`, true},
		{`{"a":"\ude00"}`, true},
		{`{"a":"\ude00\ud83d"}`, true},
		{`{"a":"\ud83d\ud83d\ude00"}`, true},
		{`{"a":"\ud83d \ude00"}`, true},
		{`{"a":"\ud83d\\ude00"}`, true},
		{`{"\udfff":1}`, true},
		{`{"a":"\ud8`, false}, // no JSON, and found to be none later
		{`{"a":"\`, false},
	} {
		if got := hasHalfCharacter([]byte(c.text)); got != c.want {
			t.Errorf("%s: %t", c.text, got)
		}
	}
}
