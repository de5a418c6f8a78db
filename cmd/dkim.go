package cmd

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/postmuster/postmuster/internal/message"
)

func newDKIM(env *Env) *cobra.Command {
	return group("dkim", "Verify or make DKIM signatures, look at a key (RFC 6376)",
		newDKIMVerify(env), newDKIMKey(env), newDKIMSign(env))
}

// readMessage reads the message that an argument names; a dash is standard
// input.
func readMessage(env *Env, path string) (*message.Message, error) {
	if path == "-" {
		return message.Read(env.In, "standard input")
	}
	return message.ReadFile(path)
}

// readSome reads a file that holds at most so many octets of something.
func readSome(env *Env, path, what string, most int64) ([]byte, error) {
	in := env.In
	if path != "-" {
		f, err := openFile(path, what)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	case int64(len(data)) > most:
		return nil, fmt.Errorf("%s: larger than %d octets; %s was expected", path, most, what)
	case len(data) == 0:
		return nil, fmt.Errorf("%s: empty; %s was expected", path, what)
	}
	return data, nil
}
