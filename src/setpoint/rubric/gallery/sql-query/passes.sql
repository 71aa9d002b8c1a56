with lent as (
  select branch_id, book_id, count(*) as times
  from loan
  where day between '2026-01-01' and '2026-12-31'
  group by branch_id, book_id
)
select
  branch.name,
  coalesce(sum(lent.times), 0) as loans,
  (
    select book.title
    from lent as best join book on book.id = best.book_id
    where best.branch_id = branch.id
    order by best.times desc, book.title
    limit 1
  ) as title
from branch left join lent on lent.branch_id = branch.id
group by branch.id, branch.name
order by branch.name;
