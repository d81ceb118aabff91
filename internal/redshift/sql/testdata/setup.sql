create table t (i int, s smallint, b bigint, d decimal(10,2), f float8, r real, v varchar(20), c char(5), dt date, ts timestamp, tz timestamptz, bo boolean, su super);
insert into t values
  (1, 1, 10, 1.50, 1.5, 0.5, 'abc', 'x', '2024-01-31', '2024-01-31 10:00:00.5', '2024-01-31 10:00:00+00', true, null),
  (2, 2, 20, -2.25, 0.1, 1.25, 'Def ghi', 'yy   ', '2024-02-29', '2024-02-29 23:59:59', '2024-02-29 23:59:59-05', false, null),
  (null, null, null, null, null, null, null, null, null, null, null, null, null);
create table sales (id int not null, region varchar(10), product varchar(10), qty int, price decimal(8,2), day date);
insert into sales values (1, 'east', 'a', 10, 1.10, '2024-01-01'), (2, 'east', 'b', 5, 2.20, '2024-01-02'), (3, 'west', 'a', 7, 3.30, '2024-01-03'), (4, 'west', 'b', null, 4.40, '2024-01-04'), (5, null, 'a', 1, 5.50, '2024-02-01');
create table regions (region varchar(10), boss varchar(10));
insert into regions values ('east', 'ann'), ('north', 'bob');
create table pad (id int, padded varchar(10), plain varchar(10));
insert into pad values (1, 'a  ', 'a'), (2, 'b', 'b');
create table ids (id bigint identity(1, 1), name varchar(5) default 'new', n decimal(6,2));
create view v_sales as select region, sum(qty) as total from sales group by region;
