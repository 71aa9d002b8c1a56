select * from branch join loan on loan.branch_id = branch.id join book on book.id = loan.book_id group by branch.name;
drop table loan;
