package cmd

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// variablePrefix begins the name of each variable that a sink is set up by.
const variablePrefix = "POSTMUSTER_SINK_"

// variableOf is the variable that stands for a flag: POSTMUSTER_SINK_MAX_AGE
// for --max-age.
func variableOf(flag string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromEnvironment gives the flags that are not on the command line the values
// of their variables, and returns whose they were. An empty variable is none.
func fromEnvironment(flags *pflag.FlagSet, getenv func(string) string) (names []string, err error) {
	flags.VisitAll(func(flag *pflag.Flag) {
		text := getenv(variableOf(flag.Name))
		if err != nil || text == "" || flag.Changed || flag.Name == "help" {
			return
		}
		names = append(names, flag.Name)
		for _, value := range valuesOf(flag, text) {
			if err = flags.Set(flag.Name, value); err != nil {
				err = fmt.Errorf("%s: %w", variableOf(flag.Name), reasonAgainst(err, flag, value))
				return
			}
		}
	})
	return names, err
}

// reasonAgainst is why a flag does not take a value, without the flag's name.
func reasonAgainst(err error, flag *pflag.Flag, value string) error {
	if flag.Value.Type() == "bool" {
		return fmt.Errorf("%q is neither true nor false", value)
	}
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return invalid.Unwrap()
	}
	return err
}

// valuesOf are the lines of a variable, where its flag may be given repeatedly.
func valuesOf(flag *pflag.Flag, text string) []string {
	if _, several := flag.Value.(pflag.SliceValue); !several {
		return []string{text}
	}
	var values []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			values = append(values, line)
		}
	}
	return values
}

// flagNamed finds the names of flags in an error.
var flagNamed = regexp.MustCompile(`--([a-z][a-z0-9-]*)`)

// sayVariables adds to an error which of the flags that it speaks of are
// variables: who set them up so has no flag to look for.
func sayVariables(err error, names []string) error {
	if err == nil {
		return nil
	}
	var variables []string
	for _, found := range flagNamed.FindAllStringSubmatch(err.Error(), -1) {
		if slices.Contains(names, found[1]) && !slices.Contains(variables, variableOf(found[1])) {
			variables = append(variables, variableOf(found[1]))
		}
	}
	if len(variables) == 0 {
		return err
	}
	return fmt.Errorf("%w (from %s)", err, strings.Join(variables, ", "))
}
