"""Two-way referral (双向转诊): up, down and across, from the letter to the follow-up."""
