#!/usr/bin/env Rscript
# Makes weights.csv and weights.json: a household sample with base weights, eligible adults and margins, and what R's
# survey package makes of it. Not run by the tests; run it here to make the files anew:  Rscript make_weights.R
suppressMessages({library(survey); library(jsonlite); library(estimatr)})
options(survey.replicates.mse = TRUE, digits = 17)
set.seed(20261101)
n <- 900; points <- 45
d <- data.frame(id = 1:n, psu = rep(1:points, each = n / points))
d$stratum <- c("north", "south", "west")[1 + (d$psu - 1) %/% 15]
d$base <- round((1 + d$psu %% 4) * ifelse(d$stratum == "south", 1.7, 1), 3)
d$adults <- pmin(1 + rpois(n, 1.1), 6)
u <- rnorm(points, 0, .35)[d$psu]
d$male <- rbinom(n, 1, .45)
d$age <- sample(c("18-29", "30-49", "50+"), n, TRUE, c(.2, .35, .45))
d$edu <- 1 + rbinom(n, 2, plogis(-.2 + .5 * (d$age == "18-29") + u))
d$treat <- rbinom(n, 1, .5)
z <- rbinom(n, 1, plogis(-.6 + .7 * d$male + .3 * (d$edu == 3) + u))
d$y <- rbinom(n, 4, plogis(-.1 + .3 * (d$age == "50+") - .2 * d$male + u / 2)) + d$treat * z
d$y[sample(n, 25)] <- NA
write.csv(d, "weights.csv", row.names = FALSE, quote = FALSE, na = "")

male <- c("0" = .52, "1" = .48); age <- c("18-29" = .24, "30-49" = .39, "50+" = .37); edu <- c("1" = .31, "2" = .44, "3" = .25)
cap <- 4
d$w0 <- d$base * pmin(d$adults, cap)
total <- sum(d$w0)
des <- svydesign(ids = ~psu, strata = ~stratum, weights = ~w0, data = d)
population <- c("(Intercept)" = total, "factor(male)1" = total * male[["1"]], "age30-49" = total * age[["30-49"]],
                "age50+" = total * age[["50+"]], "factor(edu)2" = total * edu[["2"]], "factor(edu)3" = total * edu[["3"]])
calibrated <- function(design) calibrate(design, ~ factor(male) + age + factor(edu), population, calfun = "raking",
                                         maxit = 200, epsilon = 1e-13)
raked <- calibrated(des)
iterated <- rake(des, list(~male, ~age, ~edu),
                 list(data.frame(male = 0:1, Freq = total * male), data.frame(age = names(age), Freq = total * age),
                      data.frame(edu = 1:3, Freq = total * edu)), control = list(maxit = 500, epsilon = 1e-10))
stopifnot(max(abs(weights(raked) - weights(iterated))) < 1e-7)

# raking and trimming by turns until both hold
trim <- 2.2
trimmed <- function(w) {
  at <- trim * sum(w) / sum(w > 0)
  target <- sum(w)
  repeat {
    for (i in 1:5000) {
      before <- w
      w <- w * (target * male / tapply(w, factor(d$male, 0:1), sum))[as.character(d$male)]
      w <- w * (target * age / tapply(w, d$age, sum)[names(age)])[d$age]
      w <- w * (target * edu / tapply(w, factor(d$edu, 1:3), sum))[as.character(d$edu)]
      if (max(abs(w - before)) < 1e-13 * max(w)) break
    }
    w <- as.numeric(w)
    if (all(w <= at * (1 + 1e-9))) return(w)
    w <- pmin(w, at)
  }
}

dim_of <- function(w, data) { k <- !is.na(data$y); c(
  all = weighted.mean(data$y[k & data$treat == 1], w[k & data$treat == 1]) - weighted.mean(data$y[k & data$treat == 0], w[k & data$treat == 0]),
  sapply(c("0", "1"), function(m) { s <- k & data$male == m
    weighted.mean(data$y[s & data$treat == 1], w[s & data$treat == 1]) - weighted.mean(data$y[s & data$treat == 0], w[s & data$treat == 0]) })) }

jkn <- as.svrepdesign(des, type = "JKn")
raked_jkn <- calibrated(jkn)
replicated <- function(design) {
  r <- withReplicates(design, dim_of)
  list(estimate = as.numeric(coef(r)), vcov = unclass(vcov(r))[1:3, 1:3])
}
# trimming repeated in each replicate, by hand: survey has no such thing
point <- interaction(d$stratum, d$psu, drop = TRUE)
scales <- 14 / 15
by_hand <- sapply(levels(point), function(p) {
  h <- d$stratum[match(p, point)]
  m <- ifelse(d$stratum == h, 15 / 14, 1) * (point != p)
  w <- d$w0 * m
  dim_of(trimmed(w), d)
})
full <- dim_of(trimmed(d$w0), d)
deviation <- by_hand - full

present <- subset(raked, !is.na(y))
linear <- svyglm(y ~ treat, present)
linear_male <- svyglm(y ~ treat, subset(present, male == 1))
kish <- function(w) { cv <- sqrt(mean((w - mean(w))^2)) / mean(w); list(cv = cv, design_effect = 1 + cv^2) }
w_trimmed <- trimmed(d$w0)
replicated_raked <- replicated(raked_jkn)
replicated_plain <- replicated(as.svrepdesign(svydesign(ids = ~psu, strata = ~stratum, weights = ~base, data = d), type = "JKn"))
lin <- lm_lin(y ~ treat, covariates = ~ male + factor(edu), data = d)
lin_male <- lm_lin(y ~ treat, covariates = ~ edu, data = subset(d, male == 1))
ordinary <- function(m) list(estimate = coef(m)[["treat"]], se = m$std.error[["treat"]], df = m$df[["treat"]])
out <- list(
  made_by = "make_weights.R", R = R.version.string, survey = as.character(packageVersion("survey")),
  estimatr = as.character(packageVersion("estimatr")), n = n, points = points,
  stages = list(base = kish(d$base), selection = kish(d$w0), raking = kish(weights(raked))),
  raked = as.numeric(weights(raked)), trimmed = w_trimmed, trim = trim, trimmed_largest = max(w_trimmed) / mean(w_trimmed),
  replicates_raked = list(estimate = replicated_raked$estimate, se = sqrt(diag(replicated_raked$vcov)), cov_0_1 = replicated_raked$vcov[2, 3]),
  replicates_base = list(estimate = replicated_plain$estimate, se = sqrt(diag(replicated_plain$vcov))),
  replicates_trimmed = list(estimate = as.numeric(full), se = as.numeric(sqrt(scales * rowSums(deviation^2)))),
  linear_raked = list(estimate = coef(linear)[["treat"]], se = unname(SE(linear)[2]),
                      male_estimate = coef(linear_male)[["treat"]], male_se = unname(SE(linear_male)[2])),
  degf = degf(raked), lin = ordinary(lin), lin_male = ordinary(lin_male))
write_json(out, "weights.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
