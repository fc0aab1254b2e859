package audit_test

import "errors"

// childMode is the environment variable that makes this test binary a child
// process of one of its tests.
const childMode = "WALLETPORT_AUDIT_TEST_CHILD"

func runChild(string) error { return errors.New("no such child") }
