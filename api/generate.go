package api

// The rules of string members and lists are the flows' to check, each with a reason of its
// own, and a member that counts for nothing is not checked at all. So the generated
// decoder does not get to see them.
//go:generate sh -c "sed -e '/^ *format: uuid$/d' -e '/^ *format: date-time$/d' -e '/^ *m[ai][xn]Length: [0-9]*$/d' -e '/^ *m[ai][xn]Items: [0-9]*$/d' openapi.yaml | go tool -modfile=../tools/go.mod ogen --target oas --package oas --clean --config ogen.yml /dev/stdin"
