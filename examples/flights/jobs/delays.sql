-- One row a flight that arrived, with the names a person reads.
SELECT f.flight_date, f.month, f.hour, f.carrier, l.name AS airline, f.origin, f.dest,
       d.lat, d.lon, p.manufacturer, f.dep_delay, f.arr_delay
FROM clean_flights f
LEFT JOIN raw.airlines l USING (carrier)
LEFT JOIN raw.planes p USING (tailnum)
LEFT JOIN raw.airports d ON d.faa = f.dest
