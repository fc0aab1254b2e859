package storage

import "encoding/json"

// EncodeList writes a list as a JSON array, the form that a list has in a column
// of every engine. A nil list is [].
func EncodeList[T ~string](list []T) (string, error) {
	if len(list) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal(list)
	return string(text), err
}

// DecodeList reads what EncodeList wrote into list; [] becomes nil.
func DecodeList[T ~string](text string, list *[]T) error {
	*list = nil
	if text == "[]" {
		return nil
	}
	return json.Unmarshal([]byte(text), list)
}
