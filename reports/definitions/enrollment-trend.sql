-- Learners who joined, left and completed by local day, and how many there were at its end. One bucket may have several rows.
with days as (
  select cast(bucket at time zone :zone as date) as day,
    sum(joined) as joined, sum(departed) as departed, sum(completed) as completed
  from enrollments__rollup
  where tenant = :tenant
    and (:courseId is null or course_id = :courseId)
    and (:batchId is null or batch_id = :batchId)
  group by 1
),
-- Days without events are listed too: a calendar from the first to the last day, of up to 100,000 days.
digits as (
  select digit from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as d(digit)
),
numbers as (
  select a.digit + 10 * b.digit + 100 * c.digit + 1000 * d.digit + 10000 * e.digit as n
  from digits a cross join digits b cross join digits c cross join digits d cross join digits e
),
calendar as (
  select cast(first_day + interval '1' day * n as date) as day
  from (select coalesce(:first, min(day)) as first_day, coalesce(:last, max(day)) as last_day from days) span
  cross join numbers
  where n <= date_diff('day', first_day, last_day)
),
-- Days before the first count as well, since learners who joined then may still be there.
totals as (
  select day, sum(joined) as joined, sum(departed) as departed, sum(completed) as completed, max(asked) as asked
  from (
    select day, joined, departed, completed, 0 as asked from days
    union all
    select day, 0, 0, 0, 1 from calendar
  ) parts
  group by day
)
select day, joined, departed, completed, learners
from (
  select day, asked,
    cast(joined as bigint) as joined, cast(departed as bigint) as departed, cast(completed as bigint) as completed,
    cast(sum(joined - departed) over (order by day) as bigint) as learners
  from totals
) running
where asked = 1
order by day
