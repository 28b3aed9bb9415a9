"""The month's roster (月度排班): recurring care plans get their caregivers and hours for four weeks."""
