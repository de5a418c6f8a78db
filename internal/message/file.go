package message

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// MaxFileBytes is the size of the largest message that is read from a file;
// mailbox providers take 25 to 150 MB.
const MaxFileBytes = 100 << 20

// ReadPath reads what a path holds: one message, the messages of an mbox file,
// or those of a Maildir, in a stable order. Of a Maildir or mbox it goes on
// after a message that cannot be read, if it can.
func ReadPath(path string) iter.Seq2[*Message, error] {
	return func(yield func(*Message, error) bool) {
		info, err := os.Stat(path)
		if err != nil {
			yield(nil, pathError(path, err))
			return
		}
		if info.IsDir() {
			readMaildir(path)(yield)
			return
		}
		f, err := os.Open(path)
		if err != nil {
			yield(nil, pathError(path, err))
			return
		}
		defer f.Close()
		ReadAll(f, path)(yield)
	}
}

// ReadAll reads one message, or the messages of an mbox, from r; name stands
// for it in errors and in Path.
func ReadAll(r io.Reader, name string) iter.Seq2[*Message, error] {
	return func(yield func(*Message, error) bool) {
		start := make([]byte, len(mboxFrom))
		n, err := io.ReadFull(r, start)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			yield(nil, fmt.Errorf("%s: %w", name, err))
			return
		}
		whole := io.MultiReader(bytes.NewReader(start[:n]), r)
		if isMboxFrom(start[:n]) {
			ReadMbox(whole, name)(yield)
			return
		}
		yield(Read(whole, name))
	}
}

// ReadFile reads one message from a file.
func ReadFile(path string) (*Message, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, pathError(path, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s: is a directory; a message in a file was expected", path)
	}
	return Read(f, path)
}

// Read reads one message from r; name stands for it in errors and in Path.
func Read(r io.Reader, name string) (*Message, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := plausible(raw); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &Message{Raw: raw, Origin: OriginFile, Path: name}, nil
}

// plausible reports why the bytes cannot be meant as a message.
func plausible(raw []byte) error {
	switch {
	case len(raw) > MaxFileBytes:
		return fmt.Errorf("larger than %d MB, which no provider takes", MaxFileBytes>>20)
	case len(bytes.TrimSpace(raw)) == 0:
		return errors.New("empty; a message with its header fields was expected")
	case hasField(raw) && (startsWithField(raw) || !holdsNUL(raw)): // chance makes a field of many binary files
		return nil
	case holdsNUL(raw):
		return errors.New("a binary file; a message with its header fields was expected")
	default:
		return errors.New("no header field in it; a message with its header fields was expected (\"From: …\")")
	}
}

// sniffBytes is how far a file is looked into before it is taken for no message.
const sniffBytes = 64 << 10

func holdsNUL(raw []byte) bool { return bytes.IndexByte(raw[:min(len(raw), sniffBytes)], 0) >= 0 }

func startsWithField(raw []byte) bool { return fieldName(raw[:lineEnd(raw, 0)]) != nil }

// hasField reports whether a header field stands before the first empty line.
func hasField(raw []byte) bool {
	for start := 0; start < min(len(raw), sniffBytes); {
		end := lineEnd(raw, start)
		line := raw[start:end]
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			return false
		}
		if fieldName(line) != nil {
			return true
		}
		start = end
	}
	return false
}

// readMaildir reads the messages in new and cur, by name.
func readMaildir(dir string) iter.Seq2[*Message, error] {
	return func(yield func(*Message, error) bool) {
		found := false
		for _, sub := range []string{"cur", "new"} {
			entries, err := os.ReadDir(filepath.Join(dir, sub)) // sorted
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			found = true
			if err != nil {
				yield(nil, pathError(filepath.Join(dir, sub), err))
				return
			}
			for _, entry := range entries {
				if entry.IsDir() || entry.Name()[0] == '.' {
					continue
				}
				m, err := ReadFile(filepath.Join(dir, sub, entry.Name()))
				if m != nil {
					m.Origin = OriginMaildir
				}
				if !yield(m, err) {
					return
				}
			}
		}
		if !found {
			yield(nil, fmt.Errorf("%s: a directory without cur and new; a message, an mbox or a Maildir was expected", dir))
		}
	}
}

// pathError says on one line which path is the matter, and what.
func pathError(path string, err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	return fmt.Errorf("%s: %w", path, err)
}
