-- Macros that printed SQL calls. Arguments are expanded in place, so each is cheap to repeat.

CREATE MACRO rs_initcap(s) AS array_to_string(list_transform(regexp_extract_all(s, '[[:alnum:]]+|[^[:alnum:]]+'),
    lambda w: upper(left(w, 1)) || lower(substr(w, 2))), '');
CREATE MACRO rs_left(s, n) AS CASE WHEN n < 0 THEN error('negative length is not allowed in LEFT') ELSE left(s, n) END;
CREATE MACRO rs_right(s, n) AS CASE WHEN n < 0 THEN error('negative length is not allowed in RIGHT') ELSE right(s, n) END;
CREATE MACRO rs_substring(s, p) AS substr(s, greatest(p, 1)),
    (s, p, n) AS CASE WHEN n < 0 THEN error('negative substring length not allowed')
        ELSE substr(s, greatest(p, 1), greatest(p + n - greatest(p, 1), 0)) END;
CREATE MACRO rs_lpad(s, n, f) AS CASE WHEN f = '' OR n <= 0 THEN left(s, greatest(n, 0)) ELSE lpad(s, n, f) END;
CREATE MACRO rs_rpad(s, n, f) AS CASE WHEN f = '' OR n <= 0 THEN left(s, greatest(n, 0)) ELSE rpad(s, n, f) END;
CREATE MACRO rs_split_part(s, d, n) AS CASE WHEN n = 0 THEN error('field position must be greater than zero') ELSE split_part(s, d, n) END;
CREATE MACRO rs_quote_ident(s) AS CASE WHEN regexp_full_match(s, '[a-z_][a-z0-9_$]*') THEN s ELSE '"' || replace(s, '"', '""') || '"' END;
CREATE MACRO rs_quote_literal(s) AS '''' || replace(replace(s, '\', '\\'), '''', '''''') || '''';

-- American Soundex: the first letter and the digits of three more sounds. Equal neighbours are one sound, also across H and W, but
-- not across a vowel (0). What is no ASCII letter is passed over.
CREATE MACRO rs_soundex_letters(s) AS upper(regexp_replace(s, '[^A-Za-z]', '', 'g'));
CREATE MACRO rs_soundex_sounds(l) AS translate(left(l, 1), 'BFPVCGJKQSXZDTLMNRAEIOUYHW', '11112222222233455600000000')
    || translate(substr(l, 2), 'BFPVCGJKQSXZDTLMNRAEIOUYHW', '111122222222334556000000');
CREATE MACRO rs_soundex_merge(d) AS regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
    d, '1+', '1', 'g'), '2+', '2', 'g'), '3+', '3', 'g'), '4+', '4', 'g'), '5+', '5', 'g'), '6+', '6', 'g');
CREATE MACRO rs_soundex(s) AS CASE WHEN rs_soundex_letters(s) = '' THEN '' ELSE left(rs_soundex_letters(s), 1)
    || rpad(left(replace(substr(rs_soundex_merge(rs_soundex_sounds(rs_soundex_letters(s))), 2), '0', ''), 3), 3, '0') END;

CREATE MACRO rs_width_bucket(x, lo, hi, n) AS CAST(CASE WHEN x < lo THEN 0 WHEN x >= hi THEN n + 1 ELSE floor((x - lo) / (hi - lo) * n) + 1 END AS INTEGER);

-- A divisor; the engine would make NULL of a division by zero. The 64-bit form raises its error by a failing cast, because
-- the optimizer shares common parts of expressions only where error() does not occur.
CREATE MACRO rs_nonzero(x) AS CASE WHEN x = 0 THEN error('Divide by zero') ELSE x END;
CREATE MACRO rs_nonzero8(x) AS CASE WHEN x = 0 THEN CAST('Divide by zero' AS BIGINT) ELSE x END;

-- The digits of a decimal as a 128-bit integer; f is 10 to its scale.
CREATE MACRO rs_unscaled(x, f) AS CAST(trunc(x) AS HUGEINT) * f + CAST((x - trunc(x)) * f AS HUGEINT);

-- Text of numbers as Redshift writes it.
CREATE MACRO rs_float8_text(x) AS CASE WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END ELSE printf('%.15g', x) END;
CREATE MACRO rs_float4_text(x) AS CASE WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END ELSE printf('%.6g', CAST(x AS DOUBLE)) END;

-- Text that becomes another type. The engine's own casts take more (12.6 and 1e3 as integers) and less (01/02/2024).
CREATE MACRO rs_text_int2(s) AS CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, '\s*[+-]?\d+\s*') THEN CAST(s AS SMALLINT) ELSE error('invalid input syntax for integer: "' || s || '"') END;
CREATE MACRO rs_text_int4(s) AS CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, '\s*[+-]?\d+\s*') THEN CAST(s AS INTEGER) ELSE error('invalid input syntax for integer: "' || s || '"') END;
CREATE MACRO rs_text_int8(s) AS CASE WHEN s IS NULL THEN NULL WHEN regexp_full_match(s, '\s*[+-]?\d+\s*') THEN CAST(s AS BIGINT) ELSE error('invalid input syntax for integer: "' || s || '"') END;
CREATE MACRO rs_text_bool(s) AS CASE WHEN s IS NULL THEN NULL WHEN lower(trim(s, ' ')) IN ('t', 'true', 'y', 'yes', '1') THEN true WHEN lower(trim(s, ' ')) IN ('f', 'false', 'n', 'no', '0') THEN false
    ELSE error('invalid input syntax for type boolean: "' || s || '"') END;
CREATE MACRO rs_text_date(s) AS coalesce(TRY_CAST(s AS DATE), CAST(rs_iso_date(s) AS DATE));
CREATE MACRO rs_text_timestamp(s) AS coalesce(TRY_CAST(s AS TIMESTAMP), CAST(rs_iso_timestamp(s) AS TIMESTAMP));
CREATE MACRO rs_text_timestamptz(s) AS coalesce(TRY_CAST(s AS TIMESTAMPTZ), CAST(rs_iso_timestamptz(s) AS TIMESTAMPTZ));
CREATE MACRO rs_try_date(s) AS coalesce(TRY_CAST(s AS DATE), TRY_CAST(rs_try_iso_timestamp(s) AS DATE));
CREATE MACRO rs_try_timestamp(s) AS coalesce(TRY_CAST(s AS TIMESTAMP), TRY_CAST(rs_try_iso_timestamp(s) AS TIMESTAMP));

-- Lengths count bytes. Storage refuses what is too long, but for trailing blanks; a cast cuts.
CREATE MACRO rs_fit_varchar(s, n) AS CASE WHEN strlen(s) <= n THEN s WHEN strlen(rtrim(s, ' ')) <= n THEN rs_cut_bytes(s, n)
    WHEN s IS NULL THEN NULL ELSE error('value too long for type character varying(' || n || ')') END;
CREATE MACRO rs_fit_char(s, n) AS CASE WHEN strlen(rtrim(s, ' ')) <= n THEN rtrim(s, ' ') WHEN s IS NULL THEN NULL
    ELSE error('value too long for type character(' || n || ')') END;
CREATE MACRO rs_cut(s, n) AS CASE WHEN strlen(s) <= n THEN s ELSE rs_cut_bytes(s, n) END;
CREATE MACRO rs_listagg_limit(s) AS CASE WHEN strlen(s) > 65535 THEN error('Result size exceeds LISTAGG limit') ELSE s END;

-- Dates.
CREATE MACRO rs_add_months(d, n) AS CASE WHEN CAST(d AS DATE) = last_day(d)
    THEN CAST(last_day(d + to_months(n)) AS TIMESTAMP) + (d - date_trunc('day', d)) ELSE d + to_months(n) END;
CREATE MACRO rs_months_between(a, b) AS CASE WHEN day(a) = day(b) OR (CAST(a AS DATE) = last_day(a) AND CAST(b AS DATE) = last_day(b))
    THEN CAST((year(a) - year(b)) * 12 + month(a) - month(b) AS DOUBLE)
    ELSE (year(a) - year(b)) * 12 + month(a) - month(b) + (epoch(a - date_trunc('month', a)) - epoch(b - date_trunc('month', b))) / 86400.0 / 31.0 END;
CREATE MACRO rs_weekday(s) AS CASE lower(left(s, 2)) WHEN 'su' THEN 0 WHEN 'mo' THEN 1 WHEN 'tu' THEN 2 WHEN 'we' THEN 3 WHEN 'th' THEN 4 WHEN 'fr' THEN 5 WHEN 'sa' THEN 6
    ELSE error('invalid day of week: "' || s || '"') END;
CREATE MACRO rs_next_day(d, s) AS d + CAST((rs_weekday(s) - dayofweek(d) + 6) % 7 + 1 AS INTEGER);

-- SUPER.
CREATE MACRO rs_super_null(x) AS CASE WHEN json_type(x) <> 'NULL' THEN x END;
CREATE MACRO rs_json_parse(s) AS CASE WHEN s IS NULL THEN NULL WHEN json_valid(s) THEN CAST(json(s) AS JSON) ELSE error('JSON parsing error: "' || left(s, 100) || '"') END;
CREATE MACRO rs_json_element(s, i) AS CASE WHEN s IS NULL THEN NULL WHEN i < 0 THEN '' ELSE coalesce(json_extract_string(s, '$[' || i || ']'), '') END;
CREATE MACRO rs_json_typeof(x) AS CASE json_type(x) WHEN 'OBJECT' THEN 'object' WHEN 'ARRAY' THEN 'array' WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'boolean' WHEN 'NULL' THEN 'null'
    WHEN NULL THEN NULL ELSE CASE WHEN x IS NOT NULL THEN 'number' END END;
