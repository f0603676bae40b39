package history

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
)

// What is read at most: more than Limits let it grow to, and less than the container's memory.
const maxReadBytes = 16 << 20

// file is the JSON lines on disk. After an error of `append` only `replace` may follow: the file may
// end in half a line.
type file struct {
	path  string
	lines int
	bytes int
}

func (f *file) read() ([][]byte, error) {
	opened, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = opened.Close() }()
	info, err := opened.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxReadBytes {
		if _, err := opened.Seek(-maxReadBytes, io.SeekEnd); err != nil {
			return nil, err
		}
	}
	content, err := io.ReadAll(io.LimitReader(opened, maxReadBytes))
	if err != nil {
		return nil, err
	}
	content, complete := bytes.CutSuffix(content, []byte("\n"))
	if len(content) == 0 && !complete {
		return nil, nil
	}
	lines := bytes.Split(content, []byte("\n"))
	f.lines, f.bytes = len(lines), int(info.Size())
	if !complete {
		// The next line must not continue the torn one.
		if err := f.write([]byte("\n"), os.O_APPEND|os.O_WRONLY); err != nil {
			return lines, err
		}
	}
	return lines, nil
}

func (f *file) append(line []byte) error {
	if err := f.write(append(line, '\n'), os.O_APPEND|os.O_CREATE|os.O_WRONLY); err != nil {
		return err
	}
	f.lines++
	f.bytes += len(line) + 1
	return nil
}

// replace never leaves a moment without a complete file: the new one is written beside it.
func (f *file) replace(lines [][]byte) error {
	content := append(bytes.Join(lines, []byte("\n")), '\n')
	beside := file{path: f.path + ".new"}
	err := beside.write(content, os.O_CREATE|os.O_TRUNC|os.O_WRONLY)
	if err == nil {
		err = os.Rename(beside.path, f.path)
	}
	if err != nil {
		_ = os.Remove(beside.path)
		return err
	}
	f.lines, f.bytes = len(lines), len(content)
	return nil
}

func (f *file) write(content []byte, flags int) error {
	opened, err := os.OpenFile(f.path, flags, 0o640)
	if err != nil {
		return err
	}
	_, err = opened.Write(content)
	// Some file systems report a full disk only here.
	return errors.Join(err, opened.Sync(), opened.Close())
}
