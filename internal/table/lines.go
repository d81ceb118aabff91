package table

import "bufio"

// nthLine reads one line of a text file, from 1; nil if there is none.
func nthLine(f *LinkedFile, n int64) []byte {
	in, closeAll, err := openText(f)
	if err != nil {
		return nil
	}
	defer closeAll()
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), 16<<20)
	for ; n > 0; n-- {
		if !lines.Scan() {
			return nil
		}
	}
	return lines.Bytes()
}
