package scheme

import (
	"errors"
	"net/url"
)

// CheckBaseURL reports what is wrong with the address of an interface, by the setting "url".
func CheckBaseURL(text string) error {
	at, err := url.Parse(text)
	switch {
	case err != nil || at.Host == "" || at.Scheme != "https" && at.Scheme != "http":
		return errors.New("url: not an absolute http or https URL")
	case at.RawQuery != "" || at.Fragment != "" || at.User != nil:
		return errors.New("url: has neither query, fragment nor user")
	}
	return nil
}
