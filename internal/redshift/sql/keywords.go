package sql

// wordLevel says where an unquoted word may stand.
type wordLevel uint8

const (
	wordFree     wordLevel = iota // any name
	wordFunction                  // a function or type name, not a table, column or bare alias
	wordReserved                  // only itself; must be quoted to be a name (allowed after a dot and after AS)
)

// reservedWords are Redshift's reserved words. Those whose only use is inside an option list (az64, gzip, ...) are
// reserved all the same, as there. OID is listed by the documentation yet names a column of every catalog table, so it
// stays free.
var reservedWords = wordSet(`
	aes128 aes256 all allowoverwrite analyse analyze and any array as asc authorization az64 backup between binary
	blanksasnull both bytedict bzip2 case cast check collate column constraint create credentials cross current_date
	current_time current_timestamp current_user current_user_id default deferrable deflate defrag delta delta32k desc
	disable distinct do else emptyasnull enable encode encrypt encryption end except explicit false for foreign freeze
	from full globaldict256 globaldict64k grant group gzip having identity ignore ilike in initially inner intersect
	interval into is isnull join leading left like limit localtime localtimestamp lun luns lzo lzop minus
	mostly16 mostly32 mostly8 natural new not notnull null nulls off offline offset old on only open or order outer
	overlaps parallel partition percent permissions pivot placing primary raw readratio recover references respect
	rejectlog resort restore right select session_user similar snapshot some sysdate system table tag tdes text255
	text32k then timestamp to top trailing true truncatecolumns union unique unnest unpivot user using verbose wallet
	when where with without`)

// functionWords may start a call or a type though they are reserved as names.
var functionWords = wordSet(`left right timestamp unnest isnull collate`)

// clauseWords are free words that start a clause, and so end a table or column that has no alias.
var clauseWords = wordSet(`qualify window connect start fetch set exclude over within escape returning`)

func wordSet(list string) map[string]bool {
	m := map[string]bool{}
	start := -1
	for i := 0; i <= len(list); i++ {
		if i < len(list) && list[i] > ' ' {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 {
			m[list[start:i]] = true
			start = -1
		}
	}
	return m
}

func levelOf(word string) wordLevel {
	switch {
	case functionWords[word]:
		return wordFunction
	case reservedWords[word]:
		return wordReserved
	}
	return wordFree
}
