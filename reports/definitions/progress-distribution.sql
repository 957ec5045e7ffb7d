-- The number of learners in each tenth of progress: the sum of all changes up to the day.
with moved as (
  select
    cast(sum(at_0) as bigint) as at_0, cast(sum(at_10) as bigint) as at_10, cast(sum(at_20) as bigint) as at_20,
    cast(sum(at_30) as bigint) as at_30, cast(sum(at_40) as bigint) as at_40, cast(sum(at_50) as bigint) as at_50,
    cast(sum(at_60) as bigint) as at_60, cast(sum(at_70) as bigint) as at_70, cast(sum(at_80) as bigint) as at_80,
    cast(sum(at_90) as bigint) as at_90
  from progress__rollup
  where tenant = :tenant
    and (:courseId is null or course_id = :courseId)
    and (:batchId is null or batch_id = :batchId)
    and (:day is null or cast(bucket at time zone :zone as date) <= :day)
),
tenths as (
  select 0 as least, 9 as most, at_0 as learners from moved
  union all select 10, 19, at_10 from moved
  union all select 20, 29, at_20 from moved
  union all select 30, 39, at_30 from moved
  union all select 40, 49, at_40 from moved
  union all select 50, 59, at_50 from moved
  union all select 60, 69, at_60 from moved
  union all select 70, 79, at_70 from moved
  union all select 80, 89, at_80 from moved
  union all select 90, 100, at_90 from moved
)
select cast(least as bigint) as from_percent, cast(most as bigint) as to_percent, learners,
  cast(sum(learners) over (order by least desc) as bigint) as or_further,
  round(100e0 * learners / nullif(cast(sum(learners) over () as double), 0e0), 2) as share
from tenths
where learners is not null
order by from_percent
